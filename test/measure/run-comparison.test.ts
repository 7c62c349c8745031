import { expect, test } from 'vitest';
import { compareRuns, type Judgement } from '../../harness/measure/run-comparison.ts';
import { type Random, seeded } from '../../harness/random.ts';
import type { Cell, Result } from '../../harness/result.ts';
import { fixture } from '../reports/fixture.ts';

const result = fixture();
const cell = { ...result.cells[0]!, scenario: 's', strategy: 't', verdict: 'kept' as const };

/** A run whose latencies lie around these; runs of the same differ by some percent, their tails by more. */
function run(random: Random, by = 1, more: Partial<Cell> = {}): Result {
  const around = (spread: number) =>
    Math.exp(spread * (random.number() + random.number() + random.number() - 1.5));
  const quantiles = cell.latency![0]!.fromDueMs!;
  const fromDueMs = { ...quantiles, p50: 2 * by * around(0.1), p99: 20 * by * around(0.5) };
  return {
    ...result,
    cells: [{ ...cell, latency: [{ phase: 'before', fromDueMs, fromSendMs: fromDueMs }], ...more }],
  };
}

function judgements(base: readonly Result[], next: readonly Result[]): Record<string, Judgement> {
  const [compared] = compareRuns(base, next).cells;
  return Object.fromEntries(compared!.rows.map(({ metric, judgement }) => [metric, judgement]));
}

const rounds = (random: Random, by = 1, of = 10) => Array.from({ length: of }, () => run(random, by));

test('of 20 pairs of identical runs at most one is called different', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seeded(seed);
    const all = Array.from({ length: 20 }, () => judgements(rounds(random), rounds(random)));
    for (const metric of ['p50', 'p99'])
      expect(
        all.filter((one) => one[metric] !== 'no difference').length,
        `${metric}, seed ${seed}`,
      ).toBeLessThanOrEqual(1);
  }
});

test('a slowdown of 20 % is called slower, and the way back faster', () => {
  const random = seeded(9);
  for (let i = 0; i < 10; i++) {
    expect(judgements(rounds(random), rounds(random, 1.2)).p50).toBe('worse');
    expect(judgements(rounds(random, 1.2), rounds(random)).p50).toBe('better');
  }
});

test('of fewer than eight pairs nothing is said about latency', () => {
  const random = seeded(1);
  expect(judgements(rounds(random, 1, 7), rounds(random, 5, 7))).toMatchObject({
    p50: 'not enough data',
    p99: 'not enough data',
  });
});

const random = seeded(3);
const cache = (hit: number): Partial<Cell> => ({
  cache: [
    {
      phase: 'before',
      reads: 100,
      hitRate: hit / 100,
      classes: { hit, stale: 0, coalesced: 0, refresh: 0, miss: 100 - hit },
    },
  ],
});
const broken: Partial<Cell> = {
  verdict: 'broken',
  promises: [{ ...cell.promises[0]!, state: 'broken', violations: 2 }],
};
const database = (reads: number): Partial<Cell> => ({
  database: [
    {
      phase: 'before',
      role: 'primary',
      seconds: 10,
      reads,
      writes: 5,
      queriesPerSecond: 1,
      transactionsPerSecond: 1,
    },
  ],
});

test.each<[what: string, base: Partial<Cell>, next: Partial<Cell>, state: string]>([
  ['the same', {}, {}, 'passed'],
  ['a promise broke', {}, broken, 'worse'],
  ['a promise no longer breaks', broken, {}, 'passed'],
  ['fewer hits', cache(90), cache(80), 'worse'],
  ['more hits', cache(80), cache(90), 'passed'],
  ['hits within the noise', cache(90), cache(89), 'passed'],
  ['more reads of the database', database(1_000), database(1_100), 'worse'],
  ['reads of the database where there were none', database(0), database(4_000), 'worse'],
  ['a void run', {}, { verdict: 'unknown', reason: 'too little load' }, 'unknown'],
  ['a cell that is gone', {}, { scenario: 'another' }, 'unknown'],
])('%s', (_, base, next, state) => {
  const compared = compareRuns([run(random, 1, base)], [run(random, 3, next)]);
  expect(compared.state).toBe(state);
});

test('latency is a gate only when it is asked for', () => {
  const [base, next] = [rounds(random), rounds(random, 2)];
  expect(compareRuns(base, next).state).toBe('passed');
  expect(compareRuns(base, next, ['p50']).state).toBe('worse');
  expect(compareRuns(base.slice(0, 2), next.slice(0, 2), ['p50']).state).toBe('unknown');
});

test('another machine is said', () => {
  const [base] = rounds(random, 1, 1);
  const machine = { ...base!.manifest.machine, cpus: 64 };
  const next = { ...base!, manifest: { ...base!.manifest, machine } };
  expect(compareRuns([base!], [next]).warnings[0]).toMatch(/^another machine: 8 × .* before, 64 × .* now$/);
});
