import type { FaultWindow, Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

export interface AvailabilityOptions {
  /** The reads that are meant; without it all operations are. */
  readonly grade?: Grade;
  /** At least this share has to end ok, at each instance: 0.99. */
  readonly okShare: number;
}

/** An instance that was killed or stopped itself needs a moment to be a service again. */
const settleNs = 1e9;

/** Where no fault is, that share has to end ok, or what fails under a fault may fail without it as well. */
const usualOkShare = 0.99;

/**
 * Demands that each instance which is itself left alone goes on answering, whatever befalls what is behind it: of the
 * operations sent to it while a fault is in force (without faults: of all) at least this share ends ok.
 *
 *   members cut off |------------------|      read ok, read ok, read fail, read ok      3 of 4 ended ok
 *
 * What touches a fault of the instance itself (it is among the fault's targets), or the second after it, is left out:
 * nobody promised that a killed process answers. One failure alone is let pass. What was sent to the instance while
 * there was no fault is the control: where that failed too, or nothing was sent, the fault is not shown to be the reason.
 * Where every fault is of all instances themselves, what was sent while there was none is what was left alone.
 */
export function availability({ grade, okShare }: AvailabilityOptions): Checker {
  return {
    name: 'availability',
    check({ operations, faults, orderedBy }) {
      const words = wordsFor(orderedBy);
      const what = grade === undefined ? 'operation' : `${grade} read`;
      const violations: Violation[] = [];
      let judged = 0;
      let undecided: string | undefined;
      const instances = sentTo(operations, grade);
      const isFree = (one: Operation) => faults.every((fault) => !overlaps(fault, one));
      const underFaults = !faults.every(({ targets }) =>
        [...instances.keys()].every((name) => targets.includes(name)),
      );
      for (const [instance, sent] of instances) {
        const meant = sent.filter(underFaults ? (one) => isUnder(faults, one) : isFree);
        judged += meant.length;
        const failed = meant.filter(({ outcome }) => outcome !== 'ok');
        const share = okShareOf(meant);
        if (share >= okShare || failed.length <= 1) continue;
        const at = instance === '' ? '' : ` at ${instance}`;
        const told = `only ${percent(share)} of ${meant.length} ${what}s${at} ended ok`;
        if (underFaults) {
          const control = sent.filter(isFree);
          if (okShareOf(control) < usualOkShare) {
            const without =
              control.length === 0 ? 'none was sent' : `only ${percent(okShareOf(control))} did`;
            undecided = `${told} under faults, but without any ${without}`;
            continue;
          }
        }
        violations.push({
          checker: 'availability',
          summary:
            `${told}${underFaults ? ' under faults' : ''}, at least ${percent(okShare)} should; ` +
            `the first that did not was ${words.operation(failed[0]!)}`,
          atNs: failed[0]!.invokeNs,
          operations: failed.slice(0, 5),
        });
      }
      if (violations.length > 0) return verdictOf(judged, violations);
      if (undecided !== undefined) return unknown(undecided, judged);
      if (judged === 0) return unknown(`no ${what} was sent to an instance that was left alone`);
      return verdictOf(judged, violations);
    },
  };
}

function sentTo(
  operations: readonly Operation[],
  grade: Grade | undefined,
): ReadonlyMap<string, readonly Operation[]> {
  const instances = new Map<string, Operation[]>();
  for (const one of operations) {
    if (one.final || (grade !== undefined && !(one.f === 'read' && one.grade === grade))) continue;
    const name = one.instance ?? '';
    const known = instances.get(name);
    if (known === undefined) instances.set(name, [one]);
    else known.push(one);
  }
  return instances;
}

/** Under a fault, and under none of the instance itself. */
function isUnder(faults: readonly FaultWindow[], one: Operation): boolean {
  return faults.some((fault) => overlaps(fault, one)) && !faults.some((fault) => touches(fault, one));
}

/** Of nothing: 0, so that nothing shows nothing. */
function okShareOf(sent: readonly Operation[]): number {
  return sent.filter(({ outcome }) => outcome === 'ok').length / Math.max(1, sent.length);
}

function overlaps({ fromNs, toNs }: FaultWindow, one: Operation): boolean {
  return one.invokeNs <= toNs + settleNs && (one.endedNs ?? one.returnNs) >= fromNs;
}

function touches(fault: FaultWindow, one: Operation): boolean {
  return one.instance !== undefined && fault.targets.includes(one.instance) && overlaps(fault, one);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
