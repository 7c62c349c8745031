import type { Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { inKey, ofGrade, tell, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder } from './write-order.ts';

export interface StalenessOptions {
  /** Undefined: the reads that name none. */
  readonly grade: Grade | undefined;
  readonly maxStaleMs: number;
  readonly order: WriteOrder;
}

/**
 * Demands that a read of the grade never shows a value that had been overwritten for longer than maxStaleMs when the
 * read was sent, unless the answer itself says that it is stale (X-Cache: stale).
 *
 *   write 1 --ok--   write 2 --ok--  |<-- more than maxStaleMs -->|  read 1
 *
 * Reported is only what is certain: the value's writer came before the write that replaced it in every order (by the
 * clock, or by their revisions), and that one had been acknowledged. A value that nobody had written is a violation too.
 */
export function staleness({ grade, maxStaleMs, order }: StalenessOptions): Checker {
  const maxStaleNs = maxStaleMs * 1e6;
  return {
    name: 'staleness',
    check({ operations, orderedBy }) {
      const words = wordsFor(orderedBy);
      const violations: Violation[] = [];
      let judged = 0;
      let writes = 0;
      for (const [key, ofKey] of byKey(operations)) {
        const reads = ofKey.filter((one) => one.f === 'read' && one.outcome === 'ok' && one.grade === grade);
        if (reads.length === 0) continue;
        const keyWrites = new KeyWrites(ofKey, order);
        const overwriting = new Overwriting(keyWrites);
        writes += keyWrites.acknowledged.length;
        for (const read of reads) {
          if (read.cache === 'stale') continue;
          judged++;
          const tellRead = `${inKey(key)}${ofGrade(read)}${words.brief(read)}${from(read)}`;
          const violation = { checker: 'staleness', key, atNs: read.invokeNs };
          if (keyWrites.writersOf(read).count === 0) {
            const summary = `${tellRead}, but nobody had written ${tell(read.value)}`;
            violations.push({ ...violation, summary, operations: [read] });
            continue;
          }
          const write = overwriting.of(read, read.invokeNs - maxStaleNs)?.operation;
          if (write === undefined) continue;
          const ageMs = Math.floor((read.invokeNs - write.returnNs) / 1e6);
          const summary =
            `${tellRead}, but that had been overwritten by ${words.operation(write)}, ` +
            `${ageMs} ms before it was sent; ${maxStaleMs} ms are allowed`;
          const writer = keyWrites.writersOf(read).oldest?.operation;
          violations.push({ ...violation, summary, operations: [...(writer ? [writer] : []), write, read] });
        }
      }
      if (judged === 0) return unknown(`no ${ofGrade({ grade })}read succeeded that was not marked stale`);
      if (writes === 0) return unknown('no write was acknowledged, so nothing could be stale');
      return verdictOf(judged, violations);
    },
  };
}

function from({ instance, source, cache }: Operation): string {
  const parts = [instance, source, cache].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Finds the write that certainly replaced what a read shows, among those acknowledged by a time, in O(log n). */
class Overwriting {
  readonly #writes: KeyWrites;
  readonly #sorted: readonly Write[];
  /** For the first n of #sorted, per instance where that matters: the write that was sent last. */
  readonly #sentLast = new Map<string | undefined, { index: number; write: Write }[]>();
  /** For the first n of #sorted: the write of the highest revision. */
  readonly #highest: (Write | undefined)[] = [];

  constructor(writes: KeyWrites) {
    this.#writes = writes;
    this.#sorted = [...writes.acknowledged].sort((x, y) => x.returnNs - y.returnNs);
    let highest: Write | undefined;
    this.#sorted.forEach((write, index) => {
      const place = writes.order === 'real-time' ? undefined : write.operation!.instance;
      for (const name of new Set([place, undefined])) {
        const last = this.#sentLast.get(name);
        if (last === undefined) this.#sentLast.set(name, [{ index, write }]);
        else if (write.invokeNs > last.at(-1)!.write.invokeNs) last.push({ index, write });
      }
      const { revision } = write.operation!;
      if (revision !== undefined && !(revision <= (highest?.operation?.revision ?? -1))) highest = write;
      this.#highest.push(highest);
    });
  }

  of(read: Operation, acknowledgedBeforeNs: number): Write | undefined {
    const count = countWhile(this.#sorted, ({ returnNs }) => returnNs < acknowledgedBeforeNs);
    if (count === 0) return undefined;
    const candidates = new Set<Write>();
    const highest = this.#highest[count - 1];
    if (highest !== undefined) candidates.add(highest);
    // For the first value any write will do; for another the one sent last is the surest to come after it.
    for (const last of this.#sentLast.values()) {
      const found = last[countWhile(last, ({ index }) => index < count) - 1];
      if (found !== undefined) candidates.add(found.write);
    }
    for (const write of candidates) if (this.#writes.isCertainlyOlder(read, write)) return write;
    return undefined;
  }
}

/** How many items at the beginning hold, where none holds after the first that does not. */
function countWhile<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
