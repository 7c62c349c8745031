import type { Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { decideKey } from './decide.ts';
import { register } from './models/register.ts';
import { comparable } from './values.ts';
import { inKey, tell, wordsFor } from './words.ts';
import { byKey, writtenValue } from './write-order.ts';

/**
 * Demands that after everything has healed and the load has ended all instances answer the same of each key: final
 * reads of every grade are held against each other, the last of each grade on each instance.
 *
 *   s1: final read 5     s2: final read 4
 *
 * Writes that ended `info` may still arrive between two final reads. That is no disagreement as long as one order of
 * the reads and of those writes explains all answers, as of one register whose first value nobody knows.
 *
 * Every key that was written has to be read by every instance that was asked, at each grade; else it is unknown.
 */
export const convergence: Checker = {
  name: 'convergence',
  check({ operations, orderedBy }) {
    const words = wordsFor(orderedBy);
    const violations: Violation[] = [];
    const instances = new Set<string | undefined>();
    const answering = new Set<string | undefined>();
    const asked = new Set<string>();
    const places = new Map<string, ReadonlySet<string>>();
    const undecided: string[] = [];
    let judged = 0;
    for (const [key, ofKey] of byKey(operations)) {
      const last = new Map<string, Operation>();
      for (const operation of ofKey) {
        if (operation.instance !== undefined) instances.add(operation.instance);
        if (!operation.final || operation.f !== 'read') continue;
        const place = `${operation.grade ?? ''} read at ${operation.instance}`.trim();
        asked.add(place);
        if (operation.outcome !== 'ok') continue;
        answering.add(operation.instance);
        const known = last.get(place);
        if (known === undefined || known.invokeNs <= operation.invokeNs) last.set(place, operation);
      }
      if (ofKey.some((one) => writtenValue(one) !== undefined)) places.set(key, new Set(last.keys()));
      const reads = [...last.values()].sort((x, y) => x.invokeNs - y.invokeNs);
      if (new Set(reads.map(({ instance }) => instance)).size < 2) continue;
      judged += reads.length;
      const first = reads[0]!;
      const other = reads.find((read) => comparable(read.value) !== comparable(first.value));
      if (other === undefined) continue;
      const late = isLateArrival(reads, ofKey);
      if (late === 'unknown') undecided.push(key);
      if (late !== false) continue;
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
    if (violations.length === 0) {
      for (const [key, read] of places) {
        const missing = [...asked].find((place) => !read.has(place));
        if (missing !== undefined) return unknown(`${inKey(key)}no final ${missing} succeeded`, judged);
      }
      if (undecided.length > 0) {
        return unknown(
          `whether open writes explain the final reads of ${undecided[0]} takes too long to say`,
          judged,
        );
      }
    }
    return verdictOf(judged, violations);
  },
};

/** Who alone can have put the value there: an open write that has arrived so will not arrive again. */
function onlyWriterOf(value: unknown, ofKey: readonly Operation[]): Operation | undefined {
  // Nothing may have been there from the beginning.
  if ((value ?? null) === null) return undefined;
  const writers = ofKey.filter((one) => comparable(writtenValue(one)) === comparable(value));
  return writers.length === 1 ? writers[0] : undefined;
}

/** Steps of a search over a handful of reads: far more than they take unless open writes abound. */
const searchSteps = 200_000;

/** Whether open writes that arrive between the reads explain why they differ, whatever was there at first. */
function isLateArrival(reads: readonly Operation[], ofKey: readonly Operation[]): boolean | 'unknown' {
  const open = ofKey.filter((one) => one.outcome === 'info' && writtenValue(one) !== undefined);
  if (open.length === 0) return false;
  let isUnknown = false;
  const tried = new Set<unknown>();
  for (const { value } of reads) {
    if (tried.has(comparable(value))) continue;
    tried.add(comparable(value));
    const spent = onlyWriterOf(value, ofKey);
    const arriving = open.filter((one) => one !== spent);
    const decided = decideKey({ ...register, initial: value ?? null }, [...reads, ...arriving]);
    const state = typeof decided === 'string' ? decided : decided.run(searchSteps);
    if (state === 'linearizable') return true;
    if (state === 'searching') isUnknown = true;
  }
  return isUnknown ? 'unknown' : false;
}
