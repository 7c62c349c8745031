import { build } from 'hdr-histogram-js';
import type { Quantiles } from '../result.ts';

/** A LatencyHistogram tells the quantiles of many latencies to three digits, in little memory however many there are. */
export class LatencyHistogram {
  // In whole microseconds, which is finer than the clocks of two processes agree.
  readonly #buckets = build({
    highestTrackableValue: 10_000_000,
    autoResize: true,
    numberOfSignificantValueDigits: 3,
  });
  #count = 0;
  #sum = 0;
  #max = 0;

  record(ms: number): void {
    const latencyMs = Math.max(0, ms);
    this.#buckets.recordValue(Math.round(latencyMs * 1_000));
    this.#count += 1;
    this.#sum += latencyMs;
    if (latencyMs > this.#max) this.#max = latencyMs;
  }

  /** Null when nothing was recorded. Mean and maximum are exact. */
  quantiles(): Quantiles | null {
    if (this.#count === 0) return null;
    // A bucket is told by its upper end, which must not lie above the largest latency there was.
    const at = (percentile: number) =>
      Math.min(this.#max, this.#buckets.getValueAtPercentile(percentile) / 1_000);
    return {
      count: this.#count,
      mean: this.#sum / this.#count,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: this.#max,
    };
  }

  /**
   * [percentile, ms], as HdrHistogram prints them: four steps for each halving of the distance to 100, as far as the
   * count can tell, then the largest.
   */
  curve(): (readonly [number, number])[] {
    const steps = this.#count === 0 ? -1 : Math.floor(4 * Math.log2(this.#count));
    const points = Array.from({ length: steps + 1 }, (_, k) => {
      const percentile = 100 * (1 - 2 ** (-k / 4));
      const ms = Math.min(this.#max, this.#buckets.getValueAtPercentile(percentile) / 1_000);
      return [Number(percentile.toPrecision(8)), Number(ms.toPrecision(4))] as const;
    });
    return this.#count === 0 ? [] : [...points, [100, this.#max]];
  }
}

/** The smallest of sorted values that at least `share` of them do not exceed (nearest rank); null of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}
