import type { CacheClass, Operation } from '../history/operation.ts';
import { quantile } from './histogram.ts';

/** Buckets are the load cut into equal widths; an operation falls into the one in which it was due. */
export class Buckets {
  readonly bucketMs: number;
  readonly count: number;
  readonly ok: number[];
  readonly fail: number[];
  readonly info: number[];
  /** Reads that ended ok, by how the cache took part. */
  readonly cacheClasses: Readonly<Record<CacheClass, number[]>>;
  /** Latencies from due of what ended ok. */
  readonly #latenciesMs: number[][];
  readonly #classified: number[];
  readonly #hits: number[];

  /** The last bucket is the shorter one when the load is no multiple of the width. */
  constructor({ loadMs, bucketMs }: { loadMs: number; bucketMs: number }) {
    if (!(bucketMs > 0)) throw new RangeError(`bucketMs should be above 0, got ${bucketMs}`);
    this.bucketMs = bucketMs;
    this.count = Math.max(0, Math.ceil(loadMs / bucketMs));
    const zeros = () => new Array<number>(this.count).fill(0);
    this.ok = zeros();
    this.fail = zeros();
    this.info = zeros();
    this.cacheClasses = {
      hit: zeros(),
      stale: zeros(),
      coalesced: zeros(),
      miss: zeros(),
      refresh: zeros(),
    };
    this.#classified = zeros();
    this.#hits = zeros();
    this.#latenciesMs = Array.from({ length: this.count }, () => []);
  }

  /** What was due past the end of the load counts in the last bucket, so that no operation is lost. */
  add(operation: Operation, dueMs: number, fromDueMs: number): void {
    if (this.count === 0) return;
    const i = Math.min(this.count - 1, Math.floor(dueMs / this.bucketMs));
    this[operation.outcome][i]! += 1;
    if (operation.outcome !== 'ok') return;
    this.#latenciesMs[i]!.push(fromDueMs);
    if (operation.f === 'read' && operation.cache !== undefined) {
      this.#classified[i]! += 1;
      this.cacheClasses[operation.cache][i]! += 1;
      if (operation.cache !== 'miss') this.#hits[i]! += 1;
    }
  }

  startMs(i: number): number {
    return i * this.bucketMs;
  }

  /** The share of the operations due in buckets [from, to) that ended ok; null when none was due. */
  okShare(from: number, to: number): number | null {
    let [ok, all] = [0, 0];
    for (let i = from; i < to; i++) {
      ok += this.ok[i]!;
      all += this.ok[i]! + this.fail[i]! + this.info[i]!;
    }
    return all === 0 ? null : ok / all;
  }

  /** Latency that this share of the operations due in buckets [from, to) did not exceed; null when none ended ok. */
  latencyMs(share: number, from: number, to: number): number | null {
    return quantile(this.#sorted(from, to), share);
  }

  latencySeries(shares: readonly number[]): (number | null)[][] {
    const sorted = this.#latenciesMs.map((_, i) => this.#sorted(i, i + 1));
    return shares.map((share) => sorted.map((values) => quantile(values, share)));
  }

  hitRates(): (number | null)[] {
    return this.#hits.map((hits, i) => (this.#classified[i] === 0 ? null : hits / this.#classified[i]!));
  }

  #sorted(from: number, to: number): Float64Array {
    return Float64Array.from(this.#latenciesMs.slice(from, to).flat()).sort();
  }
}
