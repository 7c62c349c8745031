import { describe, expect, test } from 'vitest';
import type { Cell, PromiseVerdict } from '../../harness/result.ts';
import type { Promised } from '../../harness/service/strategy.ts';
import { outcomeOf, seenMs } from '../../harness/shrink/shrink-cell.ts';

const session: Promised = { guarantee: 'read-your-writes', grade: 'session' };
const linearizable: Promised = { guarantee: 'read-your-writes', grade: 'linearizable' };

function judged(promise: Promised, state: PromiseVerdict['state']): PromiseVerdict {
  return { promise, state, text: '', operations: 1, violations: 0 };
}

describe('a run of a case', () => {
  const table: [what: string, verdict: Cell['verdict'], promises: PromiseVerdict[], outcome: string][] = [
    ['broke the promise', 'broken', [judged(session, 'broken')], 'broke'],
    ['kept it', 'kept', [judged(session, 'kept')], 'held'],
    [
      'kept it and broke another',
      'broken',
      [judged(session, 'kept'), judged(linearizable, 'broken')],
      'held',
    ],
    ['broke the same of another grade alone', 'broken', [judged(linearizable, 'broken')], 'void'],
    ['could not judge it', 'unknown', [judged(session, 'unknown')], 'void'],
    ['kept it in a harness that broke', 'error', [judged(session, 'kept')], 'void'],
    ['broke it in a harness that broke', 'broken', [judged(session, 'broken')], 'broke'],
  ];
  test.each(table)('that %s', (_, verdict, promises, outcome) => {
    // As it comes out of a file, the promise is another object.
    const promise = JSON.parse(JSON.stringify(session)) as Promised;
    expect(outcomeOf({ verdict, promises }, promise)).toBe(outcome);
  });
});

describe('a promise was seen to be broken', () => {
  const violation = (checker: string, atMs: number, endsMs: readonly number[] = []) =>
    ({
      checker,
      summary: '',
      atNs: atMs * 1e6,
      operations: endsMs.map((ms) => ({ returnNs: ms * 1e6 })),
    }) as unknown as Cell['violations'][number];
  const table: [when: string, violations: Cell['violations'], seen: number | undefined][] = [
    ['when the last of the operations that show it had ended', [violation('a', 10, [30, 20])], 30],
    ['whether or not one of them ever did', [violation('a', 10, [20, Number.POSITIVE_INFINITY])], 20],
    ['first', [violation('a', 50), violation('a', 10)], 10],
    [
      'by each checker that found something',
      [violation('a', 10), violation('b', 40), violation('b', 60)],
      40,
    ],
    [
      'by what came after the load, which tells no time',
      [violation('a', 10), violation('b', 1_200)],
      undefined,
    ],
    ['by nobody', [], undefined],
  ];
  test.each(table)('%s', (_, violations, seen) => {
    expect(seenMs({ violations, loadMs: 1_000 })).toBe(seen);
  });
});
