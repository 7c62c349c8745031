import { describe, expect, test } from 'vitest';
import { type ComparisonOptions, compare } from '../../harness/measure/comparison.ts';
import type { Cell } from '../../harness/result.ts';
import { cellsOf } from '../../harness/run.ts';
import { cacheComparison } from '../../scenarios/cache-comparison.ts';
import { variants } from '../../strategies/list.ts';

interface Measured {
  readonly averageMs?: number;
  readonly hits?: number;
  readonly misses?: number;
  readonly refreshes?: number;
  readonly queries?: number;
  readonly verdict?: Cell['verdict'];
}

const requests = 1_000;

function cell(strategy: string, round: number, measured: Measured): Cell {
  const { averageMs = 1, hits = 0, misses = 0, refreshes = 0, queries = 0, verdict = 'kept' } = measured;
  const classes = { hit: hits, stale: 0, coalesced: 0, miss: misses, refresh: refreshes };
  return {
    scenario: 'x',
    strategy,
    round,
    verdict,
    latency: [
      {
        phase: 'before',
        fromDueMs: { count: requests, mean: averageMs, p50: 1, p90: 1, p99: averageMs * 5, max: 9 },
        fromSendMs: null,
      },
    ],
    operations: [
      {
        phase: 'before',
        f: 'read',
        outcomes: { ok: requests, fail: 0, info: 0 },
        fromDueMs: null,
        fromSendMs: null,
      },
    ],
    cache: [
      {
        phase: 'before',
        reads: requests,
        classes,
        hitRate: (hits + refreshes) / (hits + refreshes + misses),
      },
    ],
    database: [
      {
        phase: 'before',
        role: 'primary',
        seconds: 10,
        reads: queries,
        writes: 0,
        queriesPerSecond: queries / 10,
        transactionsPerSecond: queries / 10,
      },
    ],
  } as unknown as Cell;
}

const options: Omit<ComparisonOptions, 'cells'> = {
  scenario: 'x',
  strategies: ['none', 'a', 'b'],
  rounds: 3,
  baseline: 'none',
  claimed: { best: 'b', in: ['hitRate', 'queriesPerRequest'] },
  published: { by: 'someone', rows: {} },
};

/** What each strategy measured in each round. */
function comparisonOf(of: Record<string, readonly Measured[]>, more: Partial<ComparisonOptions> = {}) {
  const cells = Object.entries(of).flatMap(([strategy, rounds]) =>
    rounds.map((measured, i) => cell(strategy, i + 1, measured)),
  );
  return compare({ ...options, ...more, cells });
}

const none = (queries: readonly number[]) => queries.map((n) => ({ misses: 1_000, queries: n }));
const thrice = (measured: Measured) => [measured, measured, measured];

describe('a figure is the median over the rounds', () => {
  test('with the least and the most', () => {
    const { rows, rounds } = comparisonOf({
      none: none([900, 1_000, 1_100]),
      a: [{ averageMs: 5 }, { averageMs: 1 }, { averageMs: 2 }],
      b: thrice({}),
    });
    expect(rounds).toEqual({ planned: 3, counted: 3 });
    expect(rows[1]!.averageMs).toEqual({ median: 2, min: 1, max: 5 });
    expect(rows[1]!.p99Ms).toEqual({ median: 10, min: 5, max: 25 });
    expect(rows[0]!.queriesPerRequest).toEqual({ median: 1, min: 0.9, max: 1.1 });
  });

  test('over the baseline of the same round: what slowed a round is in both', () => {
    const { rows } = comparisonOf({
      none: none([1_000, 500, 2_000]),
      a: [{ queries: 800 }, { queries: 300 }, { queries: 1_800 }],
      b: thrice({ queries: 500 }),
    });
    expect(rows.map((row) => row.databaseQpsOverBaseline)).toEqual([
      null,
      { median: -20, min: -20, max: -20 },
      { median: -50, min: -150, max: 0 },
    ]);
  });

  test('of an even number of rounds it lies between the middle ones', () => {
    const { rows } = comparisonOf({
      none: none([1, 1, 1, 1]),
      a: [1, 2, 4, 9].map((averageMs) => ({ averageMs })),
      b: [1, 1, 1, 1].map((averageMs) => ({ averageMs })),
    });
    expect(rows[1]!.averageMs?.median).toBe(3);
  });
});

describe('rounds that do not count', () => {
  test.each(['unknown', 'broken', 'error'] as const)('one in which a strategy was %s', (verdict) => {
    const { rounds, rows, conclusions } = comparisonOf({
      none: none([1, 1, 1]),
      a: [{ averageMs: 2 }, { averageMs: 100, verdict }, { averageMs: 4 }],
      b: thrice({}),
    });
    expect(rounds).toEqual({ planned: 3, counted: 2 });
    expect(rows[1]!.averageMs).toEqual({ median: 3, min: 2, max: 4 });
    expect(conclusions).toEqual(['Not enough data for a conclusion: 2 of 3 rounds count, 3 are needed.']);
  });

  test('one that was cut short before all had their turn', () => {
    const { rounds } = comparisonOf({ none: none([1, 1, 1]), a: thrice({}), b: [{}, {}] });
    expect(rounds.counted).toBe(2);
  });

  test('of none there are no figures', () => {
    const { rows } = comparisonOf({ none: none([1]), a: [{ verdict: 'error' }], b: [{}] });
    expect(rows.map((row) => row.averageMs)).toEqual([null, null, null]);
  });
});

describe('a claim', () => {
  const claimed = (figure: 'hitRate' | 'queriesPerRequest', of: Record<string, readonly Measured[]>) =>
    comparisonOf({ none: none([1_000, 1_000, 1_000]), ...of }, { claimed: { best: 'b', in: [figure] } })
      .conclusions;

  test('is confirmed when it holds in each round', () => {
    expect(
      claimed('hitRate', { a: thrice({ hits: 800, misses: 200 }), b: thrice({ hits: 900, misses: 100 }) }),
    ).toEqual(['b has the best hit rate of the 2 in each of 3 rounds: b 90.0 %, a 80.0 %.']);
  });

  test('is refuted with the reason that the figures show', () => {
    expect(
      claimed('queriesPerRequest', {
        a: thrice({ hits: 800, misses: 200, queries: 200 }),
        b: thrice({ hits: 750, misses: 100, refreshes: 150, queries: 250 }),
      }),
    ).toEqual([
      'b does not have the fewest database queries per request: a is ahead of it in each of 3 rounds; b 0.250, a 0.200.' +
        ' For each request it reads 0.150 ahead, more than the 0.100 misses that it saves against a: what is read before its life ends is read more often.',
    ]);
  });

  test('cannot be told when the rounds disagree', () => {
    const [sentence] = claimed('queriesPerRequest', {
      a: [{ queries: 100 }, { queries: 300 }, { queries: 100 }],
      b: thrice({ queries: 200 }),
    });
    expect(sentence).toMatch(
      /^Whether b has the fewest .* cannot be told: of 3 rounds it is ahead of a in 1;/,
    );
  });

  test('is not confirmed by a tie', () => {
    const [sentence] = claimed('hitRate', { a: thrice({ hits: 1 }), b: thrice({ hits: 1 }) });
    expect(sentence).toContain('cannot be told');
  });
});

test.each([
  [{ a: 0.9, b: 0.8 }, 'Hit rates come in the published order: a 80.0 %, b 70.0 %.'],
  [
    { a: 0.8, b: 0.9 },
    'Hit rates come in another order than published: a 80.0 %, b 70.0 % (published: b 90.0 %, a 80.0 %).',
  ],
])('the published hit rates %o', (rates, sentence) => {
  const rows = Object.fromEntries(
    Object.entries(rates).map(([name, hitRate]) => [name, { hitRate, averageMs: 1, databaseQps: 1 }]),
  );
  const { conclusions, rows: measured } = comparisonOf(
    {
      none: none([1, 1, 1]),
      a: thrice({ hits: 800, misses: 200 }),
      b: thrice({ hits: 700, misses: 300 }),
    },
    { published: { by: 'someone', rows } },
  );
  expect(conclusions.at(-1)).toBe(sentence);
  expect(measured.map(({ published }) => published?.hitRate)).toEqual([undefined, rates.a, rates.b]);
});

describe('rounds', () => {
  const { comparison } = cacheComparison;
  const strategies = comparison!.strategies.map((name) => variants.find((one) => one.name === name)!);

  test('each has every strategy, and each strategy another place in each', () => {
    const cells = cellsOf(cacheComparison, strategies);
    const rounds = [1, 2, 3].map((n) =>
      cells.filter(({ round }) => round === n).map(({ strategy }) => strategy.name),
    );
    expect(cells.map(({ round }) => round)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    for (const round of rounds) expect([...round].sort()).toEqual([...comparison!.strategies].sort());
    for (const name of comparison!.strategies)
      expect(new Set(rounds.map((round) => round.indexOf(name))).size).toBe(3);
  });

  test('a scenario that compares nothing has none', () => {
    const { comparison: _, ...plain } = cacheComparison;
    expect(cellsOf(plain, strategies).map(({ round }) => round)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
