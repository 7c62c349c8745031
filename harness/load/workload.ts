/** A Workload is what is asked: the mix of operations, over which keys, chosen how. All of it follows from the seed. */
export interface Workload {
  readonly keys: number;
  readonly keyDistribution: KeyDistribution;
  /** Weights, any scale. `read:G` is a read of grade G; `cas` compares on the revision its process last read of the key. */
  readonly mix: Readonly<Partial<Record<OperationKind, number>>>;
  readonly arrivals: 'constant' | 'poisson';
  /** The client's own limit for one operation. */
  readonly deadlineMs: number;
  /** Operations in flight per instance; what is due beyond that is dropped and counted. */
  readonly maxInFlight: number;
}

export type OperationKind =
  | 'read:linearizable'
  | 'read:session'
  | 'read:eventual'
  | 'write'
  | 'cas'
  | 'delete';

export const operationKinds: readonly OperationKind[] = [
  'read:linearizable',
  'read:session',
  'read:eventual',
  'write',
  'cas',
  'delete',
];

export type KeyDistribution =
  | { readonly kind: 'uniform' }
  /** Exact bounded Zipf with permuted ranks: P(rank r) ~ 1 / r^theta. */
  | { readonly kind: 'zipf'; readonly theta: number }
  /** A share of the accesses goes to a share of the keys. */
  | { readonly kind: 'hotspot'; readonly keyShare: number; readonly accessShare: number };
