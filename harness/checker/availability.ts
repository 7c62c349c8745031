import type { FaultWindow, Grade, Operation } from '../history/operation.ts';
import { type Checker, unknown, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

export interface AvailabilityOptions {
  /** The reads that are meant; without it all operations are. */
  readonly grade?: Grade;
  /** At least this share has to end ok, at each instance: 0.99. */
  readonly okShare: number;
}

/** An instance that was killed or stopped itself needs a moment to be a service again. */
const settleNs = 1e9;

/**
 * Demands that each instance which is itself left alone goes on answering, whatever befalls what is behind it: of the
 * operations sent to it, faults or not, at least this share ends ok.
 *
 *   members cut off |------------------|      read ok, read ok, read fail, read ok      3 of 4 ended ok
 *
 * What touches a fault of the instance itself (it is among the fault's targets), or the second after it, is left out:
 * nobody promised that a killed process answers. One failure alone is let pass.
 */
export function availability({ grade, okShare }: AvailabilityOptions): Checker {
  return {
    name: 'availability',
    check({ operations, faults, orderedBy }) {
      const words = wordsFor(orderedBy);
      const instances = new Map<string, Operation[]>();
      for (const one of operations) {
        if (one.final || (grade !== undefined && !(one.f === 'read' && one.grade === grade))) continue;
        if (faults.some((fault) => touches(fault, one))) continue;
        const name = one.instance ?? '';
        const known = instances.get(name);
        if (known === undefined) instances.set(name, [one]);
        else known.push(one);
      }
      const what = grade === undefined ? 'operation' : `${grade} read`;
      let judged = 0;
      const violations = [...instances].flatMap(([instance, sent]) => {
        judged += sent.length;
        const failed = sent.filter(({ outcome }) => outcome !== 'ok');
        const share = 1 - failed.length / sent.length;
        if (share >= okShare || failed.length === 1) return [];
        return [
          {
            checker: 'availability',
            summary:
              `only ${percent(share)} of ${sent.length} ${what}s${instance === '' ? '' : ` at ${instance}`} ended ok, ` +
              `at least ${percent(okShare)} should; the first that did not was ${words.operation(failed[0]!)}`,
            atNs: failed[0]!.invokeNs,
            operations: failed.slice(0, 5),
          },
        ];
      });
      if (judged === 0) return unknown(`no ${what} was sent to an instance that was left alone`);
      return verdictOf(judged, violations);
    },
  };
}

function touches({ targets, fromNs, toNs }: FaultWindow, one: Operation): boolean {
  if (one.instance === undefined || !targets.includes(one.instance)) return false;
  const endNs = one.endedNs ?? one.returnNs;
  return one.invokeNs <= toNs + settleNs && endNs >= fromNs;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
