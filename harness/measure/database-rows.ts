import { type Counters, type DatabaseSeries, difference } from '../database/database-series.ts';
import type { DatabaseRow, Phase } from '../result.ts';
import { type LoadWindow, sinceLoadMs } from './phases.ts';

type Role = DatabaseRow['role'];

/** One row for each phase and each server that ever answered. */
export function databaseRows(
  series: DatabaseSeries,
  phases: readonly Phase[],
  load: LoadWindow,
): readonly DatabaseRow[] {
  const curves = curvesOf(series, load);
  return phases.flatMap((phase) =>
    curves.map(({ role, at }): DatabaseRow => {
      const seconds = (phase.toMs - phase.fromMs) / 1_000;
      const done = difference(at(phase.fromMs), at(phase.toMs));
      const transactionsPerSecond = done.transactions / seconds;
      return {
        phase: phase.name,
        role,
        seconds,
        reads: Math.round(done.reads),
        writes: Math.round(done.writes),
        queriesPerSecond: series.queriesCounted
          ? (done.reads + done.writes) / seconds
          : transactionsPerSecond,
        transactionsPerSecond,
      };
    }),
  );
}

/** Queries per second in each bucket, of one server or of all together; null in one that lies outside of the samples. */
export function queryRates(
  series: DatabaseSeries,
  buckets: { readonly bucketMs: number; readonly count: number },
  load: LoadWindow,
  of?: Role,
): readonly (number | null)[] {
  const curves = curvesOf(series, load).filter(({ role }) => of === undefined || role === of);
  return Array.from({ length: buckets.count }, (_, i) => {
    const [fromMs, toMs] = [i * buckets.bucketMs, (i + 1) * buckets.bucketMs];
    let queries: number | null = null;
    for (const curve of curves) {
      if (toMs <= curve.fromMs || fromMs >= curve.toMs) continue;
      const [from, to] = [Math.max(fromMs, curve.fromMs), Math.min(toMs, curve.toMs)];
      const done = difference(curve.at(from), curve.at(to));
      const counted = series.queriesCounted ? done.reads + done.writes : done.transactions;
      queries = (queries ?? 0) + (counted / (to - from)) * 1_000;
    }
    return queries;
  });
}

/** A Curve is what one server had done at any moment: straight between two samples, flat outside of them. */
interface Curve {
  readonly role: Role;
  readonly fromMs: number;
  readonly toMs: number;
  at(ms: number): Counters;
}

function curvesOf(series: DatabaseSeries, load: LoadWindow): readonly Curve[] {
  return (['primary', 'replica'] as const).flatMap((role) => {
    const points = series.samples.flatMap((sample) => {
      const counters = sample[role];
      return counters ? [{ ms: sinceLoadMs(sample.atNs, load), counters }] : [];
    });
    if (points.length === 0) return [];
    return [
      { role, fromMs: points[0]!.ms, toMs: points.at(-1)!.ms, at: (ms: number) => between(points, ms) },
    ];
  });
}

function between(points: readonly { ms: number; counters: Counters }[], ms: number): Counters {
  // The first point past the moment, by halving.
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.ms > ms) high = middle;
    else low = middle + 1;
  }
  const [before, after] = [points[low - 1], points[low]];
  if (!before) return after!.counters;
  if (!after) return before.counters;
  const share = (ms - before.ms) / (after.ms - before.ms);
  const mixed = (a: number, b: number) => a + (b - a) * share;
  return {
    reads: mixed(before.counters.reads, after.counters.reads),
    writes: mixed(before.counters.writes, after.counters.writes),
    transactions: mixed(before.counters.transactions, after.counters.transactions),
  };
}
