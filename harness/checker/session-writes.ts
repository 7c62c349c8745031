import type { Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { lastFinalReads, strongestFinalGrade } from './final-reads.ts';
import { comparable } from './values.ts';
import { inKey, ofGrade, type Words, wordsFor } from './words.ts';
import { byKey, KeyWrites, type Write, type WriteOrder, writtenValue } from './write-order.ts';

/**
 * Demands that the writes of one process take effect in the order in which it made them.
 *
 *   process 1:  write 5 --ok, revision 9--   write 6 --ok, revision 7--      the store put 6 before 5
 *   process 1:  write 5 --ok--               write 6 --ok--   final read 5   wherever it was asked: 5 came last
 *
 * What other processes read on the way is no witness: they may have asked copies of different age. Revisions are one
 * sequence for each key, and for all keys where etcd itself answered. Where order is per instance only, writes
 * through two instances have none.
 */
export function monotonicWrites(order: WriteOrder): Checker {
  return {
    name: 'monotonic-writes',
    check({ operations, orderedBy }) {
      const found = sessionWrites({
        checker: 'monotonic-writes',
        words: wordsFor(orderedBy),
        operations,
        precedes: (one) => isAcknowledgedWrite(one),
        place: ({ instance }) => (order === 'real-time' ? '' : instance),
        although: (words, earlier) =>
          `although the same process had already made the ${words.operation(earlier)}`,
      });
      return found.judged === 0
        ? unknown('no process made two writes of which revisions or final reads tell the order')
        : verdictOf(found.judged, found.violations);
    },
  };
}

/**
 * Demands that a write takes effect after whatever its process had read before it at the grade: nobody can be left
 * with the question when the answer has been seen.
 *
 *   process 1:  read 5 (revision 9)   write 6 --ok, revision 7--      6 was put before what it answers
 *   process 1:  read 5                write 6 --ok--   final read 5   wherever it was asked: 5 came last
 */
export function writesFollowReads(grade: Grade | undefined): Checker {
  return {
    name: 'writes-follow-reads',
    check({ operations, orderedBy }) {
      const found = sessionWrites({
        checker: 'writes-follow-reads',
        words: wordsFor(orderedBy),
        operations,
        precedes: (one) =>
          one.f === 'read' && one.outcome === 'ok' && one.grade === grade && (one.value ?? null) !== null,
        place: () => '',
        although: (words, earlier) =>
          `although the same process had already made the ${words.operation(earlier)}`,
      });
      return found.judged === 0
        ? unknown(
            `no process wrote after a ${ofGrade({ grade })}read so that revisions or final reads tell the order`,
          )
        : verdictOf(found.judged, found.violations);
    },
  };
}

interface SessionWrites {
  readonly checker: string;
  readonly words: Words;
  readonly operations: readonly Operation[];
  /** What the process's later writes have to come after. */
  precedes(operation: Operation): boolean;
  /** Only operations of one place have an order; those of none have it with nothing. */
  place(operation: Operation): string | undefined;
  although(words: Words, earlier: Operation): string;
}

/** What one process has made or seen so far. */
interface Session {
  /** By place and key, and by place whatever the key where etcd answered: the one of the highest revision. */
  readonly highest: Map<string, Operation>;
  /** By key: the values that the process first wrote or read there. */
  readonly answered: Map<string, Map<unknown, Operation>>;
  /** By place and key: the last acknowledged write. */
  readonly lastWrite: Map<string, Operation>;
}

function sessionWrites(given: SessionWrites): { judged: number; violations: Violation[] } {
  const { words, operations } = given;
  const sessions = new Map<number, Session>();
  const violations: Violation[] = [];
  const judged = new Set<Operation>();
  for (const operation of [...operations].sort((x, y) => x.invokeNs - y.invokeNs)) {
    if (operation.final) continue;
    let session = sessions.get(operation.process);
    if (session === undefined) {
      session = { highest: new Map(), answered: new Map(), lastWrite: new Map() };
      sessions.set(operation.process, session);
    }
    if (isAcknowledgedWrite(operation)) {
      const earlier = overtaken(session, operation, given, judged);
      if (earlier !== undefined) {
        violations.push({
          checker: given.checker,
          key: operation.key,
          summary:
            `${inKey(operation.key)}${words.operation(operation)} has the revision ${operation.revision}, ` +
            `before revision ${earlier.revision}, ${given.although(words, earlier)}`,
          atNs: operation.invokeNs,
          operations: [earlier, operation],
        });
      }
      const place = given.place(operation);
      if (place !== undefined) session.lastWrite.set(`${place} ${operation.key}`, operation);
    }
    if (given.precedes(operation)) remember(session, operation, given);
  }
  const left = leftAtTheEnd(given, sessions);
  for (const write of left.judged) judged.add(write);
  return { judged: judged.size, violations: [...violations, ...left.violations] };
}

/** What this write should have come after by revision, and did not. */
function overtaken(
  session: Session,
  write: Operation,
  given: SessionWrites,
  judged: Set<Operation>,
): Operation | undefined {
  if (write.revision === undefined) return undefined;
  for (const sequence of sequencesOf(write, given)) {
    const earlier = session.highest.get(sequence);
    if (earlier === undefined) continue;
    judged.add(write);
    if (earlier.revision! > write.revision) return earlier;
  }
  return undefined;
}

function remember(session: Session, operation: Operation, given: SessionWrites): void {
  const { key, revision } = operation;
  if (revision !== undefined) {
    for (const sequence of sequencesOf(operation, given)) {
      const known = session.highest.get(sequence);
      if (known === undefined || known.revision! < revision) session.highest.set(sequence, operation);
    }
  }
  const value = operation.f === 'read' ? operation.value : writtenValue(operation);
  if ((value ?? null) === null) return;
  let answered = session.answered.get(key);
  if (answered === undefined) {
    answered = new Map();
    session.answered.set(key, answered);
  }
  if (!answered.has(comparable(value))) answered.set(comparable(value), operation);
}

/** In which sequences its revision can be compared: that of its key, and etcd's own for all keys. */
function sequencesOf(operation: Operation, { place }: SessionWrites): readonly string[] {
  const at = place(operation);
  if (at === undefined) return [];
  const ofKey = `${at} key ${operation.key}`;
  return operation.source === 'etcd' ? [ofKey, `${at} etcd`] : [ofKey];
}

/** Where the final reads of a key show, on every instance, what some process had written over. */
function leftAtTheEnd(
  given: SessionWrites,
  sessions: ReadonlyMap<number, Session>,
): { judged: Operation[]; violations: Violation[] } {
  const { words, operations } = given;
  const grade = strongestFinalGrade(operations);
  const violations: Violation[] = [];
  const judged: Operation[] = [];
  for (const [key, ofKey] of byKey(operations)) {
    const reads = lastFinalReads(ofKey, grade);
    if (reads.length === 0) continue;
    const writes = new KeyWrites(ofKey, 'real-time');
    // Who alone can have left the value on each instance: of two possible writers either may have come last.
    const writers = reads.map((read) => onlyWriter(writes, read));
    if (writers.every((writer) => writer === undefined)) continue;
    for (const session of sessions.values()) {
      const answered = session.answered.get(key);
      if (answered === undefined) continue;
      const left = reads.map((read, i): Left | undefined =>
        writers[i] === undefined ? undefined : replaced(session, answered.get(comparable(read.value)), given),
      );
      const overwriting = [...places(answered, given)].flatMap(
        (place) => session.lastWrite.get(`${place} ${key}`) ?? [],
      );
      judged.push(...overwriting.filter((write) => answered.values().next().value !== write));
      const first = left[0];
      if (first === undefined || left.includes(undefined)) continue;
      violations.push({
        checker: given.checker,
        key,
        summary:
          `${inKey(key)}the final ${words.brief(reads[0]!)} shows what came before the ` +
          `${words.operation(first.later)}, ${given.although(words, first.earlier)}`,
        atNs: first.later.invokeNs,
        operations: [first.earlier, first.later, ...reads].slice(0, 10),
      });
    }
  }
  return { judged, violations };
}

interface Left {
  readonly earlier: Operation;
  readonly later: Operation;
}

/** With the last write that its process made after it, at the same place. */
function replaced(session: Session, earlier: Operation | undefined, given: SessionWrites): Left | undefined {
  if (earlier === undefined) return undefined;
  const later = session.lastWrite.get(`${given.place(earlier)} ${earlier.key}`);
  return later !== undefined && later !== earlier && later.invokeNs >= earlier.returnNs
    ? { earlier, later }
    : undefined;
}

function places(answered: ReadonlyMap<unknown, Operation>, { place }: SessionWrites): ReadonlySet<string> {
  return new Set([...answered.values()].flatMap((one) => place(one) ?? []));
}

function onlyWriter(writes: KeyWrites, read: Operation): Write | undefined {
  const writers = writes.writersOf(read);
  return writers.count === 1 ? writers.oldest : undefined;
}

/** Gave the key a value for certain. */
function isAcknowledgedWrite(operation: Operation): boolean {
  return operation.outcome === 'ok' && writtenValue(operation) !== undefined;
}
