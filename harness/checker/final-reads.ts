import type { Grade, Operation } from '../history/operation.ts';

/** A read after the load has ended and everything has healed. */
export function isFinalRead({ final, f }: Operation): boolean {
  return final === true && f === 'read';
}

/** The strongest grade that final reads were asked at; weaker ones may promise less than the newest value. */
export function strongestFinalGrade(operations: readonly Operation[]): Grade | undefined {
  const asked = new Set(operations.filter(isFinalRead).map(({ grade }) => grade));
  return ([undefined, 'linearizable', 'session', 'eventual'] as const).find((grade) => asked.has(grade));
}

/**
 * What one key showed at the end: of the final reads of this grade the last that succeeded on each instance. A key
 * may be read again at the end; what an earlier final read still showed can be gone since.
 */
export function lastFinalReads(ofKey: readonly Operation[], grade: Grade | undefined): readonly Operation[] {
  const last = new Map<string | undefined, Operation>();
  for (const read of ofKey) {
    if (!isFinalRead(read) || read.grade !== grade || read.outcome !== 'ok') continue;
    const known = last.get(read.instance);
    if (known === undefined || known.invokeNs <= read.invokeNs) last.set(read.instance, read);
  }
  return [...last.values()];
}
