import { stepsOf } from '../../../harness/checker/transactions/micro-operation.ts';
import type { Operation } from '../../../harness/history/operation.ts';

/**
 * Whether some order of the transactions explains every answer, found by trying all of them: those that ended ok, any
 * of those that ended info (whose reads are unknown), none of those that failed. It shares nothing with the checker.
 */
export function isSerializable(transactions: readonly Operation[], byClock: boolean): boolean {
  const possible = transactions.filter(({ outcome }) => outcome !== 'fail');
  return explains(new Set(possible), new Map(), byClock);
}

type Lists = ReadonlyMap<string | number, readonly unknown[]>;

function explains(left: ReadonlySet<Operation>, lists: Lists, byClock: boolean): boolean {
  if (![...left].some(({ outcome }) => outcome === 'ok')) return true;
  for (const next of left) {
    const isLate = [...left].some((one) => one !== next && one.returnNs < next.invokeNs);
    if (byClock && isLate) continue;
    const after = carriedOut(next, lists);
    const others = new Set([...left].filter((one) => one !== next));
    if (after !== undefined && explains(others, after, byClock)) return true;
  }
  return false;
}

function carriedOut(transaction: Operation, lists: Lists): Lists | undefined {
  const after = new Map(lists);
  for (const [f, key, value] of stepsOf(transaction)) {
    const list = after.get(key) ?? [];
    if (f === 'append') after.set(key, [...list, value]);
    else if (transaction.outcome === 'ok' && JSON.stringify(list) !== JSON.stringify(value ?? [])) {
      return undefined;
    }
  }
  return after;
}
