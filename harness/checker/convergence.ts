import type { Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { comparable } from './values.ts';
import { inKey, tell, wordsFor } from './words.ts';
import { byKey, writtenValue } from './write-order.ts';

/**
 * Demands that after everything has healed and the load has ended all instances answer the same of each key: final
 * reads of every grade are held against each other, the last of each grade on each instance.
 *
 *   s1: final read 5     s2: final read 4
 *
 * A value that only an `info` operation can have written may still arrive between two final reads; that is no
 * disagreement, as long as nobody reads the earlier value after somebody has read that one.
 */
export const convergence: Checker = {
  name: 'convergence',
  check({ operations, orderedBy }) {
    const words = wordsFor(orderedBy);
    const violations: Violation[] = [];
    const instances = new Set<string | undefined>();
    const answering = new Set<string | undefined>();
    let judged = 0;
    for (const [key, ofKey] of byKey(operations)) {
      const last = new Map<string, Operation>();
      for (const operation of ofKey) {
        if (operation.instance !== undefined) instances.add(operation.instance);
        if (!operation.final || operation.f !== 'read' || operation.outcome !== 'ok') continue;
        answering.add(operation.instance);
        const place = `${operation.grade} ${operation.instance}`;
        const known = last.get(place);
        if (known === undefined || known.invokeNs <= operation.invokeNs) last.set(place, operation);
      }
      const reads = [...last.values()].sort((x, y) => x.invokeNs - y.invokeNs);
      if (new Set(reads.map(({ instance }) => instance)).size < 2) continue;
      judged += reads.length;
      const first = reads[0]!;
      const other = reads.find((read) => comparable(read.value) !== comparable(first.value));
      if (other === undefined || isLateArrival(reads, ofKey)) continue;
      const answers = reads.map((read) => `${tell(read.value)} at ${read.instance} (${read.grade})`);
      violations.push({
        checker: 'convergence',
        key,
        summary: `${inKey(key)}the final reads differ: ${answers.join(', ')}; ${words.brief(first)} against ${words.brief(other)}`,
        atNs: other.invokeNs,
        operations: reads.slice(0, 12),
      });
    }
    if (answering.size === 0) return unknown('no final read succeeded');
    const silent = [...instances].filter((instance) => !answering.has(instance));
    if (silent.length > 0 && violations.length === 0) {
      return unknown(`no final read succeeded at ${silent.join(', ')}`, judged);
    }
    if (judged === 0) return unknown('no key was read at the end on two instances');
    return verdictOf(judged, violations);
  },
};

/** The reads show one value and then another, and only open operations can have written that other one. */
function isLateArrival(reads: readonly Operation[], ofKey: readonly Operation[]): boolean {
  const values = [...new Set(reads.map(({ value }) => comparable(value)))];
  if (values.length !== 2) return false;
  const writersOf = (value: unknown) =>
    ofKey.filter((one) => {
      const written = writtenValue(one);
      return written !== undefined && comparable(written) === value;
    });
  return values.some((value) => {
    const writers = writersOf(value);
    if (writers.length === 0 || writers.some(({ outcome }) => outcome === 'ok')) return false;
    const arrived = Math.min(
      ...reads.filter((read) => comparable(read.value) === value).map((read) => read.returnNs),
    );
    return reads.every((read) => comparable(read.value) === value || read.invokeNs <= arrived);
  });
}
