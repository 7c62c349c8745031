import type { Outcome } from '../history/operation.ts';
import type { OperationSample } from '../result.ts';

/** So many operations are all kept: each is a dot of its own in a chart. */
const allKept = 4_000;
/** Beyond it even what failed is thinned: a service that is down for minutes fails everything. */
const troubledKept = 20_000;
/** The picture in which no two dots may coincide: columns over the load, rows a factor of ten in latency. */
const columns = 500;
const rowsPerDecade = 16;

/**
 * Collects the single operations of a load for a chart and thins them so that the picture stays the same: of many that
 * would be one dot, one is kept. Everything that did not end ok is kept (up to 20,000), and in every column the fastest
 * and the slowest that ended ok.
 */
export class OperationSampler {
  readonly #atMs: number[] = [];
  readonly #ms: number[] = [];
  readonly #outcomes: Outcome[] = [];
  readonly #of = { ok: 0, fail: 0, info: 0 };

  add(outcome: Outcome, dueMs: number, fromDueMs: number): void {
    // What never returned at all has no place in a picture of latencies, but it is counted.
    this.#of[outcome] += 1;
    if (!Number.isFinite(fromDueMs)) return;
    this.#atMs.push(dueMs);
    this.#ms.push(Math.max(0, fromDueMs));
    this.#outcomes.push(outcome);
  }

  sample({ loadMs }: { readonly loadMs: number }): OperationSample {
    const kept = this.#kept(loadMs).sort((a, b) => this.#atMs[a]! - this.#atMs[b]!);
    const shown = { ok: 0, fail: 0, info: 0 };
    for (const i of kept) shown[this.#outcomes[i]!] += 1;
    return {
      of: { ...this.#of },
      shown,
      atMs: kept.map((i) => Math.round(this.#atMs[i]!)),
      ms: kept.map((i) => Number(this.#ms[i]!.toPrecision(3))),
      outcomes: kept.map((i) => letters[this.#outcomes[i]!]).join(''),
    };
  }

  #kept(loadMs: number): number[] {
    const every = Array.from(this.#atMs.keys());
    if (every.length <= allKept) return every;
    const troubled = every.filter((i) => this.#outcomes[i] !== 'ok');
    const ok = every.filter((i) => this.#outcomes[i] === 'ok');
    return [
      ...(troubled.length <= troubledKept ? troubled : this.#oneOfEachDot(troubled, loadMs)),
      ...this.#oneOfEachDot(ok, loadMs),
    ];
  }

  #oneOfEachDot(indices: readonly number[], loadMs: number): number[] {
    const dots = new Map<number, number>();
    const fastest = new Map<number, number>();
    const slowest = new Map<number, number>();
    for (const i of indices) {
      const column = Math.floor((this.#atMs[i]! / Math.max(1, loadMs)) * columns);
      // From a microsecond up; 200 rows leave room for any latency there can be.
      const row = Math.round(Math.log10(Math.max(1e-3, this.#ms[i]!) * 1e3) * rowsPerDecade);
      const dot = (column * 200 + row) * 2 + (this.#outcomes[i] === 'info' ? 1 : 0);
      if (!dots.has(dot)) dots.set(dot, i);
      const [low, high] = [fastest.get(column), slowest.get(column)];
      if (low === undefined || this.#ms[i]! < this.#ms[low]!) fastest.set(column, i);
      if (high === undefined || this.#ms[i]! > this.#ms[high]!) slowest.set(column, i);
    }
    return [...new Set([...dots.values(), ...fastest.values(), ...slowest.values()])];
  }
}

const letters: Readonly<Record<Outcome, string>> = { ok: 'o', fail: 'f', info: 'i' };
