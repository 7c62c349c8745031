import type { Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { inKey, ofGrade, tell, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder } from './write-order.ts';

export interface StalenessInRevisionsOptions {
  /** Undefined: reads that name none. */
  readonly grade: Grade | undefined;
  /** How many newer writes of the key, acknowledged before the read was sent, it may lack. 0: it lacks none. */
  readonly maxRevisions: number;
  readonly order: WriteOrder;
}

/**
 * Demands that a read of the grade lacks at most so many newer revisions of its key, unless the answer itself says
 * that it is stale (X-Cache: stale). Where `staleness` asks how long ago a value was overwritten, this asks how often.
 *
 *   write 1 --ok--   write 2 --ok--   write 3 --ok--   read 1      2 revisions behind
 *
 * Counted is only what certainly came after the value (by the clock, or by revisions) and had been acknowledged when
 * the read was sent: writes that ended `info` and writes at the same time as the value's own never count.
 */
export function stalenessInRevisions(options: StalenessInRevisionsOptions): Checker {
  const { grade, maxRevisions, order } = options;
  return {
    name: 'staleness-revisions',
    check({ operations, orderedBy }) {
      const words = wordsFor(orderedBy);
      const violations: Violation[] = [];
      let judged = 0;
      let written = 0;
      for (const [key, ofKey] of byKey(operations)) {
        const writes = new KeyWrites(ofKey, order);
        const acknowledged = [...writes.acknowledged].sort((x, y) => x.returnNs - y.returnNs);
        written += acknowledged.length;
        for (const read of ofKey) {
          if (!isJudged(read, grade)) continue;
          judged++;
          if (writes.writersOf(read).count === 0) {
            violations.push({
              checker: 'staleness-revisions',
              key,
              summary: `${inKey(key)}${ofGrade(read)}${words.brief(read)}, but nobody had written ${tell(read.value)}`,
              atNs: read.invokeNs,
              operations: [read],
            });
            continue;
          }
          const newer = newerThan(writes, acknowledged, read, maxRevisions + 1);
          if (newer.length <= maxRevisions) continue;
          const writer = writes.writersOf(read).oldest?.operation;
          violations.push({
            checker: 'staleness-revisions',
            key,
            summary:
              `${inKey(key)}${ofGrade(read)}${words.brief(read)}, but at least ${newer.length} newer writes had been ` +
              `acknowledged, the last of them ${words.operation(newer[0]!)}; ` +
              `${maxRevisions === 0 ? 'none may be missing' : `${maxRevisions} may be missing`}`,
            atNs: read.invokeNs,
            operations: [...(writer ? [writer] : []), ...newer.slice(0, 8).reverse(), read],
          });
        }
      }
      if (judged === 0) return unknown(`no ${ofGrade({ grade })}read succeeded that was not marked stale`);
      if (written === 0) return unknown('no write was acknowledged, so nothing could be stale');
      return verdictOf(judged, violations);
    },
  };
}

function isJudged(one: Operation, grade: Grade | undefined): boolean {
  return one.f === 'read' && one.outcome === 'ok' && one.grade === grade && one.cache !== 'stale';
}

/** The last writes that were acknowledged before the read was sent and certainly came after its value, newest first. */
function newerThan(
  writes: KeyWrites,
  acknowledged: readonly Write[],
  read: Operation,
  atMost: number,
): Operation[] {
  const writers = writes.writersOf(read);
  // Where the clock orders all, what was over before one possible writer was sent does not come after that one.
  const last = writes.order === 'real-time' ? writers.newest : writers.oldest;
  const earliestNs = last?.invokeNs ?? Number.POSITIVE_INFINITY;
  const newer: Operation[] = [];
  let low = 0;
  let high = acknowledged.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (acknowledged[middle]!.returnNs < read.invokeNs) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && newer.length < atMost; i--) {
    const write = acknowledged[i]!;
    if (write.returnNs < earliestNs) break;
    if (writers.every((writer) => writes.isCertainlyBefore(writer, write))) newer.push(write.operation!);
  }
  return newer;
}
