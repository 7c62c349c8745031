import type { Operation } from '../../harness/history/operation.ts';

/**
 * Says whether one key's operations are linearizable as a register by trying every order, with nothing clever in it
 * and nothing shared with the checker. For small histories only.
 */
export function isLinearizableByBruteForce(
  operations: readonly Operation[],
  initial: unknown = null,
): boolean {
  const judged = operations.filter(
    ({ outcome, f }) => outcome === 'ok' || (outcome === 'info' && f !== 'read'),
  );
  const must = judged.filter(({ outcome }) => outcome === 'ok').length;
  const taken = new Array<boolean>(judged.length).fill(false);

  /** The value after the operation, or `impossible`. */
  const impossible = Symbol('impossible');
  const after = (value: unknown, { f, value: asked, swapped, outcome }: Operation): unknown => {
    if (f === 'read') return asked === value ? value : impossible;
    if (f === 'write') return asked;
    if (f === 'delete') return null;
    if (f === 'append') return `${value}${asked}`;
    const [from, to] = asked as [unknown, unknown];
    if (outcome === 'info') return from === value ? to : value;
    if (swapped === false) return from === value ? impossible : value;
    return from === value ? to : impossible;
  };

  const search = (value: unknown, done: number): boolean => {
    if (done === must) return true;
    for (let i = 0; i < judged.length; i++) {
      if (taken[i]) continue;
      const one = judged[i]!;
      const mayBeNext = judged.every(
        (other, j) => j === i || taken[j] || other.outcome !== 'ok' || !(other.returnNs < one.invokeNs),
      );
      if (!mayBeNext) continue;
      const next = after(value, one);
      if (next === impossible) continue;
      taken[i] = true;
      const found = search(next, done + (one.outcome === 'ok' ? 1 : 0));
      taken[i] = false;
      if (found) return true;
    }
    return false;
  };
  return search(initial, 0);
}
