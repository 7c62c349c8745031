import type { Availability } from '../result.ts';
import type { Buckets } from './buckets.ts';
import type { FaultSpan } from './phases.ts';

/** For how long the service has to be steady until it counts as such. */
const steadyMs = 1_000;
/** Steady means this share of the share of ok answers that there was before the faults ... */
const steadyShareOfBefore = 0.99;
/** ... and a p99 no higher than this many times the p99 before, or so much above it, whichever is more. */
const steadyLatencyTimes = 3;
const steadyLatencySlackMs = 50;

/**
 * What the faults did to those who asked. A second is steady when, of all operations due in it, the share that ended
 * ok is at least 99 % of the share before the faults (of 1, when the faults began with the load).
 *
 * - worstOkShareDuring: the least share of ok among the buckets that touch the faults.
 * - downMs: 0 when every second from the first fault on was steady; else from the first fault to the beginning of
 *   the first steady second after the first that was not, faults still there or not; null when none came. Later
 *   relapses do not count.
 * - recoveryMs: from the last healing to the beginning of the first steady second whose p99 latency, too, is no more
 *   than three times (or 50 ms above) that before the faults; 0 when that is at once, null when none came.
 *
 * All are null without faults, and as fine as the buckets. Operations that were never sent are not seen here.
 */
export function availabilityOf(buckets: Buckets, span: FaultSpan | null): Availability {
  if (span === null) return { worstOkShareDuring: null, downMs: null, recoveryMs: null };
  const firstBucket = Math.floor(span.fromMs / buckets.bucketMs);
  const endBucket = Math.min(buckets.count, Math.ceil(span.toMs / buckets.bucketMs));
  const healBucket = Math.floor(span.toMs / buckets.bucketMs);
  // The bucket in which the first fault fell is neither before nor without it.
  const shareBefore = buckets.okShare(0, firstBucket) ?? 1;
  const p99Before = buckets.latencyMs(0.99, 0, firstBucket);
  const enoughShare = shareBefore * steadyShareOfBefore;
  const enoughMs =
    p99Before === null
      ? Number.POSITIVE_INFINITY
      : Math.max(p99Before * steadyLatencyTimes, p99Before + steadyLatencySlackMs);

  const width = Math.ceil(steadyMs / buckets.bucketMs);
  const lastSecond = buckets.count - width;
  const answers = (from: number) => (buckets.okShare(from, from + width) ?? 0) >= enoughShare;
  const inTime = (from: number) =>
    (buckets.latencyMs(0.99, from, from + width) ?? Number.POSITIVE_INFINITY) <= enoughMs;
  const first = (from: number, holds: (second: number) => boolean): number | null => {
    for (let second = from; second <= lastSecond; second++) if (holds(second)) return second;
    return null;
  };

  const dip = first(firstBucket, (second) => !answers(second));
  const back = dip === null ? null : first(dip, answers);
  const steady = first(healBucket, (second) => answers(second) && inTime(second));
  return {
    worstOkShareDuring: worstShare(buckets, firstBucket, endBucket),
    downMs: dip === null ? 0 : back === null ? null : Math.max(0, buckets.startMs(back) - span.fromMs),
    recoveryMs: steady === null ? null : Math.max(0, buckets.startMs(steady) - span.toMs),
  };
}

function worstShare(buckets: Buckets, from: number, to: number): number | null {
  let worst: number | null = null;
  for (let i = from; i < to; i++) {
    const share = buckets.okShare(i, i + 1);
    if (share !== null && (worst === null || share < worst)) worst = share;
  }
  return worst;
}
