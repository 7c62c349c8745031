import type { Operation } from '../history/operation.ts';
import type { LogEvent } from '../history/watch.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { loggedPuts } from './logged-puts.ts';
import { comparable } from './values.ts';
import { inKey, tell, wordsFor } from './words.ts';
import { byKey, writtenValue } from './write-order.ts';

/**
 * Demands that every write is carried out once at the most, also one that ended `info`: the value of a single write
 * never has two revisions.
 *
 *   write 5 --ok, revision 9--    read 5 (revision 11)       a hidden retry has put 5 once more
 *
 * Only values that one operation alone can have written are judged, and only revisions that answers from one source
 * (X-Source) name are held against each other: a cache may count otherwise than the store behind it. Where the true log
 * of the store was taken down beside the answers, it is asked for every write: nobody has to have read the value between
 * one put and the other.
 */
export const duplicatedWrites: Checker = {
  name: 'duplicated-writes',
  check(history) {
    const { operations, orderedBy } = history;
    const puts = loggedPuts(history);
    const words = wordsFor(orderedBy);
    const violations: Violation[] = [];
    let judged = 0;
    for (const [key, ofKey] of byKey(operations)) {
      for (const [value, { writer, shown }] of valuesOf(ofKey)) {
        if (writer === undefined) continue;
        const put = puts?.of(writer) ?? [];
        if (put.length > 0) judged++;
        const [first, ...more] = ofOneText(put);
        const last = more.at(-1);
        if (first !== undefined && last !== undefined) {
          violations.push({
            checker: 'duplicated-writes',
            key,
            summary:
              `${inKey(key)}${tell(value)} was written ${more.length === 1 ? 'twice' : `${more.length + 1} times`}: the store's log ` +
              `has it at revision ${first.revision} and at revision ${last.revision}, but only ${words.operation(writer)} wrote it`,
            atNs: last.atNs ?? writer.invokeNs,
            operations: [writer],
          });
          continue;
        }
        if (shown.length < 2) continue;
        if (put.length === 0) judged++;
        const twice = withTwoRevisions(shown);
        if (twice === undefined) continue;
        const [earlier, later] = twice.sort((x, y) => x.revision! - y.revision!);
        violations.push({
          checker: 'duplicated-writes',
          key,
          summary:
            `${inKey(key)}${tell(value)} was written twice: it has revision ${earlier.revision} in ` +
            `${words.brief(earlier)} and revision ${later.revision} in ${words.brief(later)}, ` +
            `but only ${words.operation(writer)} wrote it`,
          atNs: later.invokeNs,
          operations: [...new Set([writer, earlier, later])],
        });
      }
    }
    if (judged === 0)
      return unknown(
        'no value of a single write was named with a revision twice, or found in a log of the store',
      );
    return verdictOf(judged, violations);
  },
};

/** Those that are several of one text: a value and the text that it looks like as JSON may be two values. */
function ofOneText(put: readonly LogEvent[]): readonly LogEvent[] {
  const several = put.find((one) => put.some((other) => other !== one && other.value === one.value));
  return several === undefined ? [] : put.filter(({ value }) => value === several.value);
}

/** Two answers from one source that name different revisions of one value. */
function withTwoRevisions(shown: readonly Operation[]): [Operation, Operation] | undefined {
  const first = new Map<Operation['source'], Operation>();
  for (const one of shown) {
    const known = first.get(one.source);
    if (known === undefined) first.set(one.source, one);
    else if (known.revision !== one.revision) return [known, one];
  }
  return undefined;
}

interface Shown {
  /** Undefined when several operations may have written the value. */
  writer: Operation | undefined;
  /** The writer's own answer and the reads that name a revision for the value. */
  readonly shown: Operation[];
}

function valuesOf(ofKey: readonly Operation[]): ReadonlyMap<unknown, Shown> {
  const values = new Map<unknown, Shown>();
  for (const operation of ofKey) {
    const value = writtenValue(operation);
    if ((value ?? null) === null) continue;
    const known = values.get(comparable(value));
    const shown = operation.outcome === 'ok' && operation.revision !== undefined ? [operation] : [];
    if (known === undefined) values.set(comparable(value), { writer: operation, shown });
    else known.writer = undefined;
  }
  for (const read of ofKey) {
    if (read.f !== 'read' || read.outcome !== 'ok' || read.revision === undefined) continue;
    values.get(comparable(read.value))?.shown.push(read);
  }
  return values;
}
