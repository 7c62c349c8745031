import type { Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { isFinalRead, strongestFinalGrade } from './final-reads.ts';
import { inKey, tell, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder } from './write-order.ts';

/**
 * Demands that what was overwritten or deleted, and was seen to be gone, stays gone.
 *
 *   write 5 --ok--  write 6 --ok--  read 6  . . .  read 5          5 is back: a late retry, a replayed queue, an old copy
 *   write 5 --ok--  delete --ok--   read nothing  . . .  read 5    the same
 *
 * Judged are reads that nothing weaker excuses: linearizable ones, and final ones of the strongest grade. The witness
 * that it was gone is a read of the same strength. Only values that one operation alone can have written count;
 * without a witness the overwriting write is lost rather than undone, which is for `lost-writes` to find.
 */
export function resurrectedWrites(order: WriteOrder): Checker {
  return {
    name: 'resurrected-writes',
    check({ operations, orderedBy }) {
      const words = wordsFor(orderedBy);
      const violations: Violation[] = [];
      let judged = 0;
      const grade = strongestFinalGrade(operations);
      for (const [key, ofKey] of byKey(operations)) {
        const writes = new KeyWrites(ofKey, order);
        const reads = ofKey.filter((one) => isStrong(one, grade)).sort((x, y) => x.invokeNs - y.invokeNs);
        const seen = new Witnesses(writes, reads);
        for (const read of reads) {
          const writers = writes.writersOf(read);
          const writer = writers.oldest;
          if (writer?.operation === undefined || writers.count > 1) continue;
          const overwritten = seen.goneBefore(writer, read);
          if (overwritten === undefined) continue;
          judged++;
          if (overwritten === 'nothing') continue;
          const { by, witness } = overwritten;
          violations.push({
            checker: 'resurrected-writes',
            key,
            summary:
              `${inKey(key)}${read.final ? 'final ' : ''}${words.brief(read)}, but ${tell(read.value)} had been replaced by ` +
              `${words.operation(by)} and was gone in ${words.operation(witness)}`,
            atNs: read.invokeNs,
            operations: [writer.operation, by, witness, read],
          });
        }
      }
      if (judged === 0) return unknown('no key that had changed was read again at full strength');
      return verdictOf(judged, violations);
    },
  };
}

function isStrong(one: Operation, finalGrade: Grade | undefined): boolean {
  if (one.f !== 'read' || one.outcome !== 'ok') return false;
  return one.grade === 'linearizable' || (isFinalRead(one) && one.grade === finalGrade);
}

/** Witnesses are the strong reads of one key: they show what was there, and so what was gone. */
class Witnesses {
  readonly #writes: KeyWrites;
  /** In the order in which they were answered. */
  readonly #byEnd: readonly Operation[];

  constructor(writes: KeyWrites, reads: readonly Operation[]) {
    this.#writes = writes;
    this.#byEnd = [...reads].sort((x, y) => x.returnNs - y.returnNs);
  }

  /** 'nothing': earlier strong reads show only what agrees. Undefined: there was none. */
  goneBefore(
    writer: Write,
    read: Operation,
  ): { readonly by: Operation; readonly witness: Operation } | 'nothing' | undefined {
    let judged = false;
    // Back to where the value was last seen, or a bounded way: hot keys are read thousands of times.
    let left = longestMemory;
    for (let i = this.#endedBefore(read.invokeNs) - 1; i >= 0 && left > 0; i--) {
      const witness = this.#byEnd[i]!;
      if (witness.value === read.value) break;
      left--;
      judged = true;
      const by = this.#replacement(writer, witness);
      if (by !== undefined) return { by, witness };
    }
    return judged ? 'nothing' : undefined;
  }

  /** The acknowledged write that certainly came after `writer` and whose effect the witness shows. */
  #replacement(writer: Write, witness: Operation): Operation | undefined {
    const shown = this.#writes.writersOf(witness);
    if ((witness.value ?? null) !== null) {
      const only = shown.oldest;
      if (only?.operation === undefined || shown.count > 1) return undefined;
      return this.#writes.isCertainlyBefore(writer, only) ? only.operation : undefined;
    }
    // Nothing is what was there at first, too: it shows a delete only if the value was there before it was asked for.
    if (writer.returnNs >= witness.invokeNs) return undefined;
    // Deletes before the write are the oldest, so the first asked decides mostly.
    const other = shown.oldestThat(
      (one) => one.operation !== undefined && !this.#writes.isCertainlyBefore(writer, one),
    );
    if (other !== undefined) return undefined;
    return shown.oldestThat(({ operation }) => operation !== undefined)?.operation;
  }

  #endedBefore(ns: number): number {
    let low = 0;
    let high = this.#byEnd.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#byEnd[middle]!.returnNs <= ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** How many reads before another are looked at. */
const longestMemory = 100;
