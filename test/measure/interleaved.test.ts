import { expect, test } from 'vitest';
import { compareSides, inTurns } from '../../harness/measure/interleaved.ts';
import type { Cell, Result } from '../../harness/result.ts';
import { fixture } from '../reports/fixture.ts';

const result = fixture();
const [kept] = result.cells;

/** Runs of the sides with these p50, round by round; null is a void run. */
function bench(rounds: readonly (readonly [a: number | null, b: number | null])[]): Result {
  const cell = (strategy: string, round: number, p50: number | null): Cell => ({
    ...kept!,
    strategy,
    round,
    ...(p50 === null && { verdict: 'unknown', reason: 'the load was below its floor' }),
    latency: [
      {
        phase: 'before',
        fromDueMs: { count: 1_000, mean: p50 ?? 1, p50: p50 ?? 1, p90: 9, p99: 9, max: 9 },
        fromSendMs: null,
      },
    ],
  });
  // As they ran: A B, B A.
  const cells = rounds.flatMap(([a, b], i) => {
    const pair = [cell('x', i + 1, a), cell('y', i + 1, b)];
    return i % 2 === 0 ? pair : pair.reverse();
  });
  return { ...result, cells };
}
const p50 = (of: ReturnType<typeof compareSides>) => of.cells[0]?.rows.find(({ metric }) => metric === 'p50');
const sides = { a: 'x', b: 'y' };

test('the sides take turns at being first', () => {
  expect(inTurns('a', 'b', 3)).toEqual([
    { side: 'a', round: 1 },
    { side: 'b', round: 1 },
    { side: 'b', round: 2 },
    { side: 'a', round: 2 },
    { side: 'a', round: 3 },
    { side: 'b', round: 3 },
  ]);
});

test('pairs are those of one round, whichever side ran first', () => {
  // Rounds drift fourfold, the sides differ by a fifth in each: by rank or median of all runs that would be lost.
  const drift = [1, 1.6, 2.2, 4, 3.1, 1.2, 2.7, 1.9, 3.5, 2.4];
  const told = compareSides(bench(drift.map((ms, i) => [ms, ms * (1.2 + (i % 3) / 100)])), sides, []);
  expect(told.counted).toBe(10);
  expect(p50(told)).toMatchObject({ pairs: 10, judgement: 'worse' });
  expect(p50(told)!.effect).toBeCloseTo(0.21, 2);
  expect(told.cells[0]!.strategy).toBe('x → y');
});

test('a void run takes its whole round out, and is told', () => {
  const told = compareSides(
    bench([[1, 2], [null, 2], [1, null], ...new Array<[number, number]>(6).fill([1, 2])]),
    sides,
    [],
  );
  expect(told.counted).toBe(7);
  expect(p50(told)!.judgement).toBe('not enough data');
  expect(told.warnings).toEqual([
    'round 2 does not count: the load was below its floor',
    'round 3 does not count: the load was below its floor',
  ]);
});

test('without any round that counts there is nothing to tell, and no error', () => {
  const told = compareSides(bench([[null, null]]), sides, []);
  expect([told.counted, told.cells]).toEqual([0, []]);
});
