import { seeded } from '../random.ts';
import { keyChooser } from './keys.ts';
import { type PlannedTransaction, TransactionPlanner } from './transactions.ts';
import {
  checkWorkload,
  isTransaction,
  type OperationKind,
  operationKinds,
  type Workload,
} from './workload.ts';

/** A PlannedOperation is what the workload asks for next, before anyone knows when or by whom it is sent. */
export interface PlannedOperation {
  readonly kind: OperationKind;
  /** 'k0', 'k1', ...; a transaction has those that it names, and here ''. */
  readonly key: string;
  /** What a write or cas writes: 1, 2, 3, ... Never written twice, so that a value read names its write. Else null. */
  readonly value: number | null;
  /** Elements that it appends are of the same numbers as written values. */
  readonly transaction?: PlannedTransaction;
}

export function keyName(key: number): string {
  return `k${key}`;
}

/**
 * The endless stream of operations of a workload. Workload and seed decide it alone: neither the answers nor the
 * clock shift it, so two strategies under one seed are asked the same.
 */
export function* operations(workload: Workload, seed: number): Generator<PlannedOperation, never, undefined> {
  checkWorkload(workload);
  const random = seeded(seed).fork('operations');
  // Forked, so that another mix leaves the keys as they were.
  const keys = keyChooser(workload.keyDistribution, workload.keys, random.fork('keys'));
  const kinds = kindChooser(workload.mix, random.fork('kinds'));
  const planner =
    workload.transactions && new TransactionPlanner(workload.transactions, random.fork('transactions'));
  let written = 0;
  if (workload.writeAllFirst) {
    for (let key = 0; key < workload.keys; key++)
      yield { kind: 'write', key: keyName(key), value: ++written };
  }
  for (;;) {
    const kind = kinds();
    if (isTransaction(kind)) {
      yield { kind, key: '', value: null, transaction: planner!.next(kind, () => ++written) };
      continue;
    }
    const value = kind === 'write' || kind === 'cas' ? ++written : null;
    yield { kind, key: keyName(keys.next()), value };
  }
}

function kindChooser(mix: Workload['mix'], random: { number(): number }): () => OperationKind {
  const kinds = operationKinds.filter((kind) => (mix[kind] ?? 0) > 0);
  const total = kinds.reduce((sum, kind) => sum + mix[kind]!, 0);
  return () => {
    let left = random.number() * total;
    for (const kind of kinds) {
      left -= mix[kind]!;
      if (left < 0) return kind;
    }
    // Rounding may leave a hair above zero.
    return kinds[kinds.length - 1]!;
  };
}
