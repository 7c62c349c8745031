/** A Workload is what is asked: the mix of operations, over which keys, chosen how. All of it follows from the seed. */
export interface Workload {
  readonly keys: number;
  readonly keyDistribution: KeyDistribution;
  /** The stream begins with one write to each key, so that the load finds all of them, if the warm-up is long enough. */
  readonly writeAllFirst?: boolean;
  /** Weights, any scale. `read:G` is a read of grade G; `cas` compares on the revision its process last read of the key. */
  readonly mix: Readonly<Partial<Record<OperationKind, number>>>;
  /** What transactions are over; needed where the mix has some. */
  readonly transactions?: TransactionWorkload;
  readonly arrivals: 'constant' | 'poisson';
  /** The client's own limit for one operation. */
  readonly deadlineMs: number;
  /** Operations in flight per instance; what is due beyond that is dropped and counted. */
  readonly maxInFlight: number;
}

export interface TransactionWorkload {
  /** Lists in use at a time; a full one gives its place to a new one. */
  readonly lists: number;
  /** All of them are read at once, and an instance takes 50 steps in a transaction. */
  readonly accounts: number;
}

/** `txn:append` and `txn:read` are over lists; `txn:transfer` moves between accounts, `txn:balance` reads all of them. */
export type OperationKind =
  | 'read:linearizable'
  | 'read:session'
  | 'read:eventual'
  | 'write'
  | 'cas'
  | 'delete'
  | TransactionKind;

export type TransactionKind = 'txn:append' | 'txn:read' | 'txn:transfer' | 'txn:balance';

export const operationKinds: readonly OperationKind[] = [
  'read:linearizable',
  'read:session',
  'read:eventual',
  'write',
  'cas',
  'delete',
  'txn:append',
  'txn:read',
  'txn:transfer',
  'txn:balance',
];

export function isTransaction(kind: OperationKind): kind is TransactionKind {
  return kind.startsWith('txn:');
}

export function hasTransactions({ mix }: Pick<Workload, 'mix'>): boolean {
  return operationKinds.some((kind) => isTransaction(kind) && (mix[kind] ?? 0) > 0);
}

export type KeyDistribution =
  | { readonly kind: 'uniform' }
  /** Exact bounded Zipf with permuted ranks: P(rank r) ~ 1 / r^theta. */
  | { readonly kind: 'zipf'; readonly theta: number }
  /** A share of the accesses goes to a share of the keys. */
  | { readonly kind: 'hotspot'; readonly keyShare: number; readonly accessShare: number };

/** Throws a RangeError that names the field, what was expected and what came. */
export function checkWorkload(workload: Workload): void {
  const { keys, keyDistribution, mix, arrivals, deadlineMs, maxInFlight } = workload;
  whole('keys', keys, 1, 10_000_000);
  switch (keyDistribution.kind) {
    case 'uniform':
      break;
    case 'zipf':
      between('keyDistribution.theta', keyDistribution.theta, 0, 10);
      break;
    case 'hotspot':
      between('keyDistribution.keyShare', keyDistribution.keyShare, 0, 1);
      between('keyDistribution.accessShare', keyDistribution.accessShare, 0, 1);
      break;
    default:
      oneOf('keyDistribution.kind', (keyDistribution as { kind: unknown }).kind, [
        'uniform',
        'zipf',
        'hotspot',
      ]);
  }
  for (const [kind, weight] of Object.entries(mix)) {
    oneOf('an operation of the mix', kind, operationKinds);
    if (weight !== undefined && !(weight >= 0 && Number.isFinite(weight))) {
      throw new RangeError(`workload: mix['${kind}'] should be a number of 0 or more, got ${weight}`);
    }
  }
  if (!Object.values(mix).some((weight) => weight > 0)) {
    throw new RangeError(
      `workload: mix should have an operation with a weight above 0, got ${JSON.stringify(mix)}`,
    );
  }
  const { transactions } = workload;
  if (transactions !== undefined) {
    whole('transactions.lists', transactions.lists, 3, 1_000);
    whole('transactions.accounts', transactions.accounts, 2, 50);
  } else if (hasTransactions(workload)) {
    throw new RangeError(
      'workload: transactions should say over how many lists and accounts they are, got nothing',
    );
  }
  oneOf('arrivals', arrivals, ['constant', 'poisson']);
  between('deadlineMs', deadlineMs, 1, 600_000);
  whole('maxInFlight', maxInFlight, 1, 10_000);
}

function whole(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new RangeError(`workload: ${name} should be a whole number from ${from} to ${to}, got ${value}`);
  }
}

function between(name: string, value: number, from: number, to: number): void {
  if (!(value >= from && value <= to)) {
    throw new RangeError(`workload: ${name} should be between ${from} and ${to}, got ${value}`);
  }
}

function oneOf(name: string, value: unknown, expected: readonly string[]): void {
  if (!expected.includes(value as string)) {
    throw new RangeError(`workload: ${name} should be one of ${expected.join(', ')}, got ${String(value)}`);
  }
}
