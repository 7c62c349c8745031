import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DatabaseSample } from '../../harness/database/database-series.ts';
import type { CacheClass, FaultWindow, Operation } from '../../harness/history/operation.ts';
import { measure } from '../../harness/measure/summary.ts';

const ms = (value: number) => value * 1e6;
const load = { loadFromNs: ms(1_000), loadToNs: ms(3_000) };
const partition: FaultWindow = {
  nemesis: 'partition',
  sentence: '',
  targets: ['m1'],
  fromNs: ms(2_000),
  toNs: ms(2_500),
};

/** An operation that was due, sent and answered at these milliseconds since the load began. */
function operation(due: number, sent: number, answered: number, more: Partial<Operation> = {}): Operation {
  return {
    process: 1,
    f: 'read',
    grade: 'session',
    key: 'k',
    value: 1,
    outcome: 'ok',
    dueNs: ms(1_000 + due),
    invokeNs: ms(1_000 + sent),
    returnNs: ms(1_000 + answered),
    ...more,
  };
}

describe('measure', () => {
  test('latency is told from when an operation was due, and apart from when it was sent', () => {
    const { operations } = measure({ ...load, faults: [], operations: [operation(100, 150, 160)] });
    expect(operations).toMatchObject([
      { phase: 'before', f: 'read', grade: 'session', outcomes: { ok: 1, fail: 0, info: 0 } },
    ]);
    expect(operations[0]!.fromDueMs!.max).toBeCloseTo(60, 6);
    expect(operations[0]!.fromSendMs!.max).toBeCloseTo(10, 6);
  });

  test('an operation belongs to where it was due, not to where it was sent or answered', () => {
    const { operations, timeline } = measure({
      ...load,
      faults: [partition],
      operations: [operation(999, 1_100, 1_600)],
    });
    expect(operations.map((row) => row.phase)).toEqual(['before']);
    expect(timeline.ok).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('warm-up and final reads count nowhere, what was due past the end in the last', () => {
    const { operations, timeline } = measure({
      ...load,
      faults: [],
      operations: [
        operation(-1, 0, 5),
        operation(500, 500, 505, { final: true }),
        operation(2_010, 2_010, 2_020),
      ],
    });
    expect(operations.map((row) => row.outcomes.ok)).toEqual([1]);
    expect(timeline.ok).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('only what ended ok has a latency; what stayed open counts as info', () => {
    const { operations, timeline } = measure({
      ...load,
      faults: [],
      operations: [
        operation(0, 0, Number.POSITIVE_INFINITY, { f: 'write', grade: undefined, outcome: 'info' }),
        operation(1, 1, 5, { f: 'write', grade: undefined, outcome: 'fail' }),
      ],
    });
    expect(operations).toEqual([
      {
        phase: 'before',
        f: 'write',
        outcomes: { ok: 0, fail: 1, info: 1 },
        fromDueMs: null,
        fromSendMs: null,
      },
    ]);
    expect(timeline.p99Ms[0]).toBeNull();
  });

  test('without a due time the time of sending stands in', () => {
    const { operations } = measure({
      ...load,
      faults: [],
      operations: [operation(0, 300, 310, { dueNs: undefined })],
    });
    expect(operations[0]!.fromDueMs!.max).toBeCloseTo(10, 6);
  });

  test('hits of every kind over all reads that have a class', () => {
    const classes: (CacheClass | undefined)[] = ['hit', 'stale', 'coalesced', 'refresh', 'miss', undefined];
    const { cache, timeline } = measure({
      ...load,
      faults: [partition],
      operations: [
        ...classes.map((cache) => operation(10, 10, 20, { cache })),
        // Neither a read that failed nor a write tells of the cache.
        operation(10, 10, 20, { cache: 'miss', outcome: 'fail' }),
        operation(10, 10, 20, { cache: 'miss', f: 'write' }),
      ],
    });
    expect(cache).toEqual([
      {
        phase: 'before',
        reads: 6,
        classes: { hit: 1, stale: 1, coalesced: 1, refresh: 1, miss: 1 },
        hitRate: 0.8,
      },
      {
        phase: 'during',
        reads: 0,
        classes: { hit: 0, stale: 0, coalesced: 0, refresh: 0, miss: 0 },
        hitRate: null,
      },
      {
        phase: 'after',
        reads: 0,
        classes: { hit: 0, stale: 0, coalesced: 0, refresh: 0, miss: 0 },
        hitRate: null,
      },
    ]);
    expect(timeline.hitRate).toEqual([0.8, null, null, null, null, null, null, null]);
  });

  test('whatever was recorded: rows and timeline count each operation once, and quantiles are ordered', () => {
    const any: fc.Arbitrary<Operation> = fc
      .record({
        due: fc.integer({ min: -200, max: 2_200 }),
        lag: fc.nat(50),
        latency: fc.nat(3_000),
        f: fc.constantFrom('read', 'write', 'cas', 'delete'),
        grade: fc.constantFrom('linearizable', 'session', undefined),
        outcome: fc.constantFrom('ok', 'fail', 'info'),
        cache: fc.constantFrom('hit', 'miss', undefined),
        final: fc.constantFrom(true, undefined),
      } as const)
      .map(({ due, lag, latency, ...more }) => operation(due, due + lag, due + lag + latency, more));
    const faults = fc.constantFrom([], [partition], [{ ...partition, fromNs: 0, toNs: ms(9_000) }]);
    fc.assert(
      fc.property(fc.array(any, { maxLength: 200 }), faults, (operations, faults) => {
        const figures = measure({ ...load, faults, operations });
        const counted = operations.filter((o) => !o.final && o.dueNs! >= load.loadFromNs);
        for (const outcome of ['ok', 'fail', 'info'] as const) {
          const expected = counted.filter((o) => o.outcome === outcome).length;
          expect(total(figures.operations.map((row) => row.outcomes[outcome]))).toBe(expected);
          expect(total(figures.timeline[outcome])).toBe(expected);
        }
        expect(total(figures.cache.map((row) => row.reads))).toBe(
          counted.filter((o) => o.f === 'read' && o.outcome === 'ok').length,
        );
        for (const { outcomes, fromDueMs, fromSendMs } of figures.operations) {
          for (const quantiles of [fromDueMs, fromSendMs]) {
            expect(quantiles?.count ?? 0).toBe(outcomes.ok);
            if (quantiles)
              expect(quantiles.p50 <= quantiles.p90 && quantiles.p99 <= quantiles.max).toBe(true);
          }
          if (fromDueMs) expect(fromDueMs.mean).toBeGreaterThanOrEqual(fromSendMs!.mean - 1e-6);
        }
        for (const { phase, fromDueMs, fromSendMs } of figures.latency) {
          const kinds = figures.operations.filter((row) => row.phase === phase);
          expect(fromDueMs?.count ?? 0).toBe(total(kinds.map((row) => row.outcomes.ok)));
          expect(fromDueMs?.max ?? 0).toBe(Math.max(0, ...kinds.map((row) => row.fromDueMs?.max ?? 0)));
          expect(fromSendMs?.max ?? 0).toBe(Math.max(0, ...kinds.map((row) => row.fromSendMs?.max ?? 0)));
        }
        const { p50Ms, p99Ms, ok } = figures.timeline;
        ok.forEach((count, i) => {
          expect(p50Ms[i] === null).toBe(count === 0);
          if (count > 0) expect(p50Ms[i]!).toBeLessThanOrEqual(p99Ms[i]!);
        });
      }),
    );
  });

  test('database rows and rates follow the samples, straight between them', () => {
    const at = (atMs: number, reads: number, replica: number | null = null): DatabaseSample => ({
      atNs: ms(1_000 + atMs),
      primary: { reads, writes: reads / 2, transactions: reads * 2 },
      replica: replica === null ? null : { reads: replica, writes: 0, transactions: replica },
      replayLag: null,
    });
    const series = {
      samples: [
        at(-500, 0),
        at(500, 100),
        { ...at(1_000, 0), primary: null },
        at(1_500, 300, 0),
        at(2_000, 300, 50),
      ],
      hasReplica: true,
      queriesCounted: true,
    };
    const { database, timeline } = measure({
      ...load,
      faults: [partition],
      operations: [],
      database: series,
      bucketMs: 500,
    });
    // 50 reads at 0 s, 200 at 1 s, 300 at 1.5 s and after.
    expect(database).toEqual([
      {
        phase: 'before',
        role: 'primary',
        seconds: 1,
        reads: 150,
        writes: 75,
        queriesPerSecond: 225,
        transactionsPerSecond: 300,
      },
      {
        phase: 'before',
        role: 'replica',
        seconds: 1,
        reads: 0,
        writes: 0,
        queriesPerSecond: 0,
        transactionsPerSecond: 0,
      },
      {
        phase: 'during',
        role: 'primary',
        seconds: 0.5,
        reads: 100,
        writes: 50,
        queriesPerSecond: 300,
        transactionsPerSecond: 400,
      },
      {
        phase: 'during',
        role: 'replica',
        seconds: 0.5,
        reads: 0,
        writes: 0,
        queriesPerSecond: 0,
        transactionsPerSecond: 0,
      },
      {
        phase: 'after',
        role: 'primary',
        seconds: 0.5,
        reads: 0,
        writes: 0,
        queriesPerSecond: 0,
        transactionsPerSecond: 0,
      },
      {
        phase: 'after',
        role: 'replica',
        seconds: 0.5,
        reads: 50,
        writes: 0,
        queriesPerSecond: 100,
        transactionsPerSecond: 100,
      },
    ]);
    expect(timeline.databaseQps).toEqual([150, 300, 300, 100]);
  });

  test('where only transactions were counted, they stand in for the queries', () => {
    const counters = (transactions: number) => ({ reads: 0, writes: 0, transactions });
    const series = {
      samples: [
        { atNs: ms(1_000), primary: counters(0), replica: null, replayLag: null },
        { atNs: ms(2_000), primary: counters(40), replica: null, replayLag: null },
      ],
      hasReplica: false,
      queriesCounted: false,
    };
    const { database, timeline } = measure({
      ...load,
      faults: [],
      operations: [],
      database: series,
      bucketMs: 1_000,
    });
    expect(database).toMatchObject([{ role: 'primary', queriesPerSecond: 20, transactionsPerSecond: 20 }]);
    expect(timeline.databaseQps).toEqual([40, null]);
  });
});

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
