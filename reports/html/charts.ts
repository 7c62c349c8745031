import type { Cell } from '../../harness/result.ts';
import { endOf } from '../digest.ts';

/** What the page's script draws of one cell. Times are seconds, since that is what the axis says. */
export interface ChartData {
  readonly fromS: number;
  readonly toS: number;
  readonly bucketS: number;
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  readonly hitRate: readonly (number | null)[];
  readonly databaseQps: readonly (number | null)[];
  readonly faults: readonly { from: number; to: number; label: string }[];
  readonly leaders: readonly { from: number; to: number; leader: string | null; term: number }[];
}

/** Null when there is nothing to draw. */
export function chartData(cell: Cell): ChartData | null {
  const { timeline } = cell;
  if (timeline.ok.length === 0) return null;
  const fromMs = timeline.fromMs;
  const toMs = endOf(cell);
  const perSecond = 1000 / timeline.bucketMs;
  return {
    fromS: fromMs / 1000,
    toS: toMs / 1000,
    bucketS: timeline.bucketMs / 1000,
    ok: timeline.ok.map((n) => short(n * perSecond)!),
    fail: timeline.fail.map((n) => short(n * perSecond)!),
    info: timeline.info.map((n) => short(n * perSecond)!),
    p50Ms: timeline.p50Ms.map(short),
    p99Ms: timeline.p99Ms.map(short),
    hitRate: timeline.hitRate.map(short),
    databaseQps: timeline.databaseQps.map(short),
    faults: cell.faults.map((fault) => ({
      from: fault.fromMs / 1000,
      to: fault.toMs / 1000,
      label: fault.nemesis,
    })),
    leaders: cell.leaders.map((change, i) => ({
      from: change.atMs / 1000,
      to: (cell.leaders[i + 1]?.atMs ?? toMs) / 1000,
      leader: change.leader,
      term: change.term,
    })),
  };
}

/** Four digits are more than a pixel shows, and a nightly run has a million of these numbers. */
function short(n: number | null): number | null {
  return n === null ? null : Number(n.toPrecision(4));
}
