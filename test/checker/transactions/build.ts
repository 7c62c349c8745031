import type { MicroOperation } from '../../../harness/checker/transactions/micro-operation.ts';
import type { Operation, Outcome } from '../../../harness/history/operation.ts';

const msNs = 1e6;

function verb(outcome: Outcome) {
  return (process: number, fromMs: number, toMs: number, ...steps: MicroOperation[]): Operation => ({
    process,
    f: 'txn',
    key: '',
    value: steps,
    outcome,
    invokeNs: fromMs * msNs,
    returnNs: outcome === 'info' ? Number.POSITIVE_INFINITY : toMs * msNs,
    ...(outcome === 'info' ? { endedNs: toMs * msNs } : {}),
  });
}

/** Transactions for tables of tiny histories: `ok(0, 5, 9, append('x', 1))` is by process 0, from 5 to 9 ms. */
export const ok = verb('ok');
export const info = verb('info');
export const fail = verb('fail');

export const append = (key: string, element: unknown): MicroOperation => ['append', key, element];
export const r = (key: string, value: unknown): MicroOperation => ['r', key, value];
export const w = (key: string, value: unknown): MicroOperation => ['w', key, value];
