import type { Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { inKey, ofGrade, tell, type Words, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder } from './write-order.ts';

export interface SessionOptions {
  /** Undefined: the reads that name none. */
  readonly grade: Grade | undefined;
  readonly order: WriteOrder;
}

/**
 * Demands that a process which has had a write acknowledged never afterwards reads, at the grade, what was certainly
 * there before that write, nor what nobody had written.
 *
 *   process 1:  write 5 --ok--   read 4     where 4 had been acknowledged before 5 was sent
 */
export function readYourWrites({ grade, order }: SessionOptions): Checker {
  return {
    name: 'read-your-writes',
    check: ({ operations, orderedBy }) => {
      const words = wordsFor(orderedBy);
      const found = forEachSession(operations, order, (writes, session) => {
        const violations: Violation[] = [];
        let judged = 0;
        const own: Write[] = [];
        for (const operation of session) {
          const write = writes.acknowledgedBy(operation);
          if (write !== undefined) own.push(write);
          if (!isRead(operation, grade) || own.length === 0) continue;
          judged++;
          if (writes.writersOf(operation).count === 0) {
            violations.push(unwritten('read-your-writes', words, operation));
            continue;
          }
          const overlooked = own.findLast(
            (one) => one.returnNs <= operation.invokeNs && writes.isCertainlyOlder(operation, one),
          );
          if (overlooked === undefined) continue;
          violations.push(
            violation(
              'read-your-writes',
              words,
              operation,
              overlooked.operation!,
              writes.writersOf(operation).oldest,
              `although the process itself had done the later ${words.operation(overlooked.operation!)}`,
            ),
          );
        }
        return { judged, violations };
      });
      if (found.judged === 0) return unknown(`no process read${atThe(grade)} what it had written`);
      return verdictOf(found.judged, found.violations);
    },
  };
}

/**
 * Demands that a process never reads, at the grade, a value that certainly came before one it has read already, nor
 * one that nobody had written.
 *
 *   process 1:  read 5   read 4     where 4 had been acknowledged before 5 was sent
 */
export function monotonicReads({ grade, order }: SessionOptions): Checker {
  return {
    name: 'monotonic-reads',
    check: ({ operations, orderedBy }) => {
      const words = wordsFor(orderedBy);
      const found = forEachSession(operations, order, (writes, session) => {
        const violations: Violation[] = [];
        let judged = 0;
        const earlier: Operation[] = [];
        for (const read of session) {
          if (!isRead(read, grade)) continue;
          if (earlier.length > 0) judged++;
          if (writes.writersOf(read).count === 0) {
            // It is no newer value, and no measure for what comes after it.
            if (earlier.length > 0) violations.push(unwritten('monotonic-reads', words, read));
            continue;
          }
          const newer = earlier.findLast(
            (one) => one.returnNs <= read.invokeNs && showsCertainlyOlder(writes, read, one),
          );
          // Of reads of one value the first says all, and a process mostly reads the same few.
          if (earlier.at(-1)?.value !== read.value) earlier.push(read);
          if (earlier.length > longestMemory) earlier.shift();
          if (newer === undefined) continue;
          violations.push(
            violation(
              'monotonic-reads',
              words,
              read,
              newer,
              writes.writersOf(read).oldest,
              `although the process had already made the ${words.operation(newer)}, which is the newer value`,
            ),
          );
        }
        return { judged, violations };
      });
      if (found.judged === 0) return unknown(`no process read a key twice${atThe(grade)}`);
      return verdictOf(found.judged, found.violations);
    },
  };
}

/** How many different values a process keeps in mind of one key. A read behind more than that is behind these too. */
const longestMemory = 100;

/** That everyone who may have written what `read` shows came before everyone who may have written what `other` shows. */
function showsCertainlyOlder(writes: KeyWrites, read: Operation, other: Operation): boolean {
  const writers = writes.writersOf(other);
  const own = writes.writersOf(read);
  if (writers.count === 0 || own.count === 0) return false;
  if (writers.every((writer) => writes.isCertainlyOlder(read, writer))) return true;
  if (read.revision === undefined || other.revision === undefined || read.revision >= other.revision)
    return false;
  // Reads name the revision of the value that they show, unless the clock says otherwise.
  return !own.some((mine) => writers.some((theirs) => writes.isCertainlyBefore(theirs, mine)));
}

function isRead({ f, outcome, grade }: Operation, asked: Grade | undefined): boolean {
  return f === 'read' && outcome === 'ok' && grade === asked;
}

function atThe(grade: Grade | undefined): string {
  return grade === undefined ? '' : ` at grade ${grade}`;
}

function violation(
  checker: string,
  words: Words,
  read: Operation,
  witness: Operation,
  writtenBy: Write | undefined,
  although: string,
): Violation {
  const writer = writtenBy?.operation;
  return {
    checker,
    key: read.key,
    summary: `${inKey(read.key)}${ofGrade(read)}${words.brief(read)}, ${although}`,
    atNs: read.invokeNs,
    operations: [...(writer === undefined || writer === witness ? [] : [writer]), witness, read],
  };
}

/** What nobody had written, or only an operation that ended `fail`, is neither an own write nor a newer value. */
function unwritten(checker: string, words: Words, read: Operation): Violation {
  return {
    checker,
    key: read.key,
    summary: `${inKey(read.key)}${ofGrade(read)}${words.brief(read)}, but nobody had written ${tell(read.value)}`,
    atNs: read.invokeNs,
    operations: [read],
  };
}

/** Calls `judge` with what each process did to each key, in order. */
function forEachSession(
  operations: readonly Operation[],
  order: WriteOrder,
  judge: (
    writes: KeyWrites,
    session: readonly Operation[],
  ) => { judged: number; violations: readonly Violation[] },
): { judged: number; violations: readonly Violation[] } {
  const violations: Violation[] = [];
  let judged = 0;
  for (const ofKey of byKey(operations).values()) {
    const writes = new KeyWrites(ofKey, order);
    const sessions = new Map<number, Operation[]>();
    for (const operation of ofKey) {
      const session = sessions.get(operation.process);
      if (session === undefined) sessions.set(operation.process, [operation]);
      else session.push(operation);
    }
    for (const session of sessions.values()) {
      session.sort((x, y) => x.invokeNs - y.invokeNs);
      const found = judge(writes, session);
      judged += found.judged;
      violations.push(...found.violations);
    }
  }
  return { judged, violations };
}
