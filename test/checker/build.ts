import type { Operation, OperationFunction, Outcome } from '../../harness/history/operation.ts';

type More = Partial<Omit<Operation, 'f' | 'outcome' | 'value' | 'invokeNs' | 'returnNs'>>;

const msNs = 1e6;

function verbs(outcome: Outcome) {
  const operation = (
    f: OperationFunction,
    value: unknown,
    fromMs: number,
    toMs: number,
    more: More,
  ): Operation => ({
    process: 0,
    f,
    key: 'k',
    value,
    outcome,
    invokeNs: fromMs * msNs,
    returnNs: outcome === 'info' ? Number.POSITIVE_INFINITY : toMs * msNs,
    ...(outcome === 'info' ? { endedNs: toMs * msNs } : {}),
    ...more,
  });
  return {
    write: (value: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('write', value, fromMs, toMs, more),
    read: (value: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('read', outcome === 'ok' ? value : undefined, fromMs, toMs, more),
    delete: (fromMs: number, toMs: number, more: More = {}) => operation('delete', null, fromMs, toMs, more),
    append: (text: string, fromMs: number, toMs: number, more: More = {}) =>
      operation('append', text, fromMs, toMs, more),
    add: (value: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('add', value, fromMs, toMs, more),
    enqueue: (value: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('enqueue', value, fromMs, toMs, more),
    dequeue: (value: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('dequeue', outcome === 'ok' ? value : undefined, fromMs, toMs, more),
    acquire: (owner: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('acquire', owner, fromMs, toMs, more),
    release: (owner: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('release', owner, fromMs, toMs, more),
    /** Steps as in `[['r', 'x', 1], ['w', 'y', 2]]`. */
    txn: (steps: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('txn', steps, fromMs, toMs, more),
    /** A compare that held (or, of an `info`, may have). */
    cas: (from: unknown, to: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('cas', [from, to], fromMs, toMs, more),
    /** A compare that did not hold. */
    miss: (from: unknown, to: unknown, fromMs: number, toMs: number, more: More = {}) =>
      operation('cas', [from, to], fromMs, toMs, { swapped: false, ...more }),
  };
}

/** Operations for tables of tiny histories: `ok.write(1, 0, 10)` is a write of 1 from 0 to 10 ms. */
export const ok = verbs('ok');
export const info = verbs('info');
export const fail = verbs('fail');
