import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { lastFinalReads, strongestFinalGrade } from './final-reads.ts';
import { inKey, ofGrade, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder } from './write-order.ts';

/**
 * Demands that no acknowledged write is missing at the end: what the final reads show of a key was not written
 * certainly before a write that was acknowledged.
 *
 *   write 1 --ok--   write 2 --ok--   (the load ends)   read 1         2 is lost
 *   write 1 --ok--   write 2 --ok--   delete ..info     read nothing   the delete may have happened: nothing is
 *
 * The final reads of the strongest grade that was asked count, since weaker ones may promise less than the newest
 * value. A write is lost when the last of each instance lacks it; that they differ is for convergence and
 * linearizability to find. A key whose final reads of that grade all failed is unknown: its writes may be there or not.
 */
export function lostWrites(order: WriteOrder): Checker {
  return {
    name: 'lost-writes',
    check({ operations, orderedBy }) {
      const words = wordsFor(orderedBy);
      const violations: Violation[] = [];
      let judged = 0;
      let finals = 0;
      const unread: string[] = [];
      const grade = strongestFinalGrade(operations);
      for (const [key, ofKey] of byKey(operations)) {
        const reads = lastFinalReads(ofKey, grade);
        const writes = new KeyWrites(ofKey, order);
        if (reads.length === 0) {
          if (writes.acknowledged.length > 0) unread.push(key);
          continue;
        }
        finals++;
        judged += writes.acknowledged.length;
        const shown = reads.map((read) => writes.writersOf(read));
        const lost = writes.acknowledged.filter((write) =>
          shown.every((writers) => writers.every((writer) => isOverwritten(writes, writer, write))),
        );
        if (lost.length === 0) continue;
        const last = lost.reduce((x, y) => (y.returnNs > x.returnNs ? y : x)).operation!;
        const writer = shown
          .map((writers) => writers.oldestThat(({ operation }) => operation !== undefined))
          .find((one) => one !== undefined)?.operation;
        const remains =
          writer === undefined
            ? shown.every(({ count }) => count === 0)
              ? ', which nobody had written'
              : ''
            : `, left by the earlier ${words.operation(writer)}`;
        const count =
          lost.length === 1 ? '' : ` (the last of ${lost.length} acknowledged writes that are missing)`;
        violations.push({
          checker: 'lost-writes',
          key,
          summary: `${inKey(key)}${words.operation(last)} is lost${count}: the final ${words.brief(reads[0]!)}${remains}`,
          atNs: last.invokeNs,
          operations: [...(writer === undefined ? [] : [writer]), last, ...reads].slice(0, 10),
        });
      }
      if (finals === 0) return unknown('no final read succeeded');
      if (unread.length > 0 && violations.length === 0) {
        const others = unread.length > 1 ? ` and of ${unread.length - 1} other keys` : '';
        return unknown(`no final ${ofGrade({ grade })}read of ${unread[0]}${others} succeeded`, judged);
      }
      if (judged === 0) return unknown('no write was acknowledged');
      return verdictOf(judged, violations);
    },
  };
}

/** Time alone, or the revisions, show it; the very write that a final read shows is not lost. */
function isOverwritten(writes: KeyWrites, writer: Write, write: Write): boolean {
  return writer !== write && writes.isCertainlyBefore(writer, write);
}
