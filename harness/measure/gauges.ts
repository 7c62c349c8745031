import type { DatabaseSeries } from '../database/database-series.ts';
import type { Readings } from '../readings.ts';
import type { Gauge } from '../result.ts';
import { type LoadWindow, sinceLoadMs } from './phases.ts';

interface Point {
  readonly ms: number;
  readonly value: number;
  /** Points of different lives are not joined: between a process's end and the next one's begin there is nothing. */
  readonly life: number;
}

/** Between two readings that are further apart than this nothing is told. */
const farthestMs = 2_000;

/**
 * What was read off the processes, the queues and the replica, in the timeline's buckets. CPU is what was used between
 * two readings; of the others the highest reading of a bucket, or the straight line between its neighbours.
 */
export function gauges(
  read: { readonly readings?: Readings; readonly database?: DatabaseSeries },
  buckets: { readonly bucketMs: number; readonly count: number },
  load: LoadWindow,
): readonly Gauge[] {
  const { processes = [], queues = [] } = read.readings ?? {};
  const at = (ns: number) => sinceLoadMs(ns, load);
  const told: Gauge[] = [];
  const add = (of: string, what: Gauge['what'], values: readonly (number | null)[], digits: number) => {
    if (values.some((value) => value !== null))
      told.push({ of, what, values: values.map((value) => value && Number(value.toFixed(digits))) });
  };
  const names = [...new Set(processes.map(({ process }) => process))];
  for (const name of names) {
    const own = processes.filter(({ process }) => process === name);
    const points = (value: (one: (typeof own)[number]) => number) =>
      own.map((one) => ({ ms: at(one.atNs), value: value(one), life: one.pid }));
    const used = points(({ cpuMicros }) => cpuMicros);
    add(name, 'cpuCores', rates(used, buckets), 3);
    const held = points(({ memoryBytes }) => memoryBytes / 2 ** 20);
    add(name, 'memoryMiB', levels(held, buckets), 1);
  }
  for (const name of new Set(queues.map(({ instance }) => instance))) {
    const points = queues
      .filter(({ instance }) => instance === name)
      .map(({ atNs, writes }) => ({ ms: at(atNs), value: writes, life: 0 }));
    add(name, 'queuedWrites', levels(points, buckets), 1);
  }
  for (const what of ['replayLagMs', 'replayLagBytes'] as const) {
    let life = 0;
    const points = (read.database?.samples ?? []).flatMap(({ atNs, replayLag }) => {
      if (replayLag === null) {
        life += 1;
        return [];
      }
      return [{ ms: at(atNs), value: what === 'replayLagMs' ? replayLag.ms : replayLag.bytes, life }];
    });
    add('replica', what, levels(points, buckets), 1);
  }
  return told;
}

/** Microseconds of CPU by then to cores: how many were busy for it, in the interval that the bucket's middle is in. */
function rates(points: readonly Point[], buckets: { bucketMs: number; count: number }): (number | null)[] {
  return inBuckets(buckets, (fromMs, toMs) => {
    const [before, after] = around(points, (fromMs + toMs) / 2);
    if (before === undefined || after === undefined) return null;
    const tookMs = after.ms - before.ms;
    // Never below nothing: a child that has just ended is counted anew only when its parent has noticed.
    return tookMs > 0 ? Math.max(0, after.value - before.value) / 1_000 / tookMs : null;
  });
}

function levels(points: readonly Point[], buckets: { bucketMs: number; count: number }): (number | null)[] {
  return inBuckets(buckets, (fromMs, toMs) => {
    const within = points.slice(firstAt(points, fromMs), firstAt(points, toMs));
    if (within.length > 0) return Math.max(...within.map(({ value }) => value));
    const middle = (fromMs + toMs) / 2;
    const [before, after] = around(points, middle);
    if (before === undefined || after === undefined) return null;
    return before.value + ((after.value - before.value) * (middle - before.ms)) / (after.ms - before.ms);
  });
}

function inBuckets(
  { bucketMs, count }: { readonly bucketMs: number; readonly count: number },
  value: (fromMs: number, toMs: number) => number | null,
): (number | null)[] {
  return Array.from({ length: count }, (_, i) => value(i * bucketMs, (i + 1) * bucketMs));
}

/** The neighbours of a moment, if they are of one life and near each other. */
function around(points: readonly Point[], ms: number): readonly [Point, Point] | readonly [] {
  const next = firstAt(points, ms);
  const [before, after] = [points[next - 1], points[next]];
  if (!before || !after || before.life !== after.life || after.ms - before.ms > farthestMs) return [];
  return [before, after];
}

/** The place of the first point at the moment or after it. Points are ascending, so by halving. */
function firstAt(points: readonly Point[], ms: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.ms >= ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
