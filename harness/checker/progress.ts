import type { Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

/** Of what is sent after the time allowed, this share has to succeed. */
const okShare = 0.99;
/**
 * Fewer tries than that in the second half of the time allowed show nothing when what came next succeeded or never
 * came: a rare kind may have been tried only right after the heal, when nobody promised that it succeeds.
 */
const fewTries = 3;

/**
 * Demands that the service works again within so many milliseconds after the last fault was healed (without faults:
 * after the load began).
 *
 *   fault |-----|<-- withinMs -->|
 *                 ok of each kind   at least 99 % ok from here on
 *
 * A kind is a function and grade at one instance. Each kind that was tried in that time has to succeed once in it; if
 * it was hardly tried towards its end, its first try afterwards counts as well. After that time 99 of 100 operations of each instance
 * have to succeed (one failure alone is let pass). Final reads are not counted: the load has ended by then.
 */
export function progress(withinMs: number): Checker {
  return {
    name: 'progress',
    check({ operations, faults, orderedBy }) {
      const words = wordsFor(orderedBy);
      const load = operations.filter(({ final }) => !final);
      if (load.length === 0) return unknown('no operation was sent');
      const unhealed = faults.find(({ toNs }) => !Number.isFinite(toNs));
      if (unhealed !== undefined) return unknown(`${unhealed.nemesis} was never healed`);
      const healedNs =
        faults.length > 0
          ? faults.reduce((latest, { toNs }) => Math.max(latest, toNs), 0)
          : load.reduce((first, { invokeNs }) => Math.min(first, invokeNs), Number.POSITIVE_INFINITY);
      const dueNs = healedNs + withinMs * 1e6;
      const after = load.filter(({ invokeNs }) => invokeNs >= healedNs);
      const settled = after.filter(({ invokeNs }) => invokeNs >= dueNs);
      if (settled.length === 0) {
        return unknown(
          `no operation was sent later than ${withinMs} ms after ${sinceWhat(faults.length)}`,
          after.length,
        );
      }
      const since = `${sinceWhat(faults.length)} (${words.instant(healedNs)})`;
      const violations = [
        ...deadKinds(after, { healedNs, dueNs }, `within ${withinMs} ms after ${since}`),
        ...failingInstances(settled, `from ${withinMs} ms after ${since} on`),
      ];
      return verdictOf(after.length, violations);
    },
  };
}

function sinceWhat(faults: number): string {
  return faults === 0 ? 'the load began' : 'the last fault healed';
}

function deadKinds(
  after: readonly Operation[],
  { healedNs, dueNs }: { healedNs: number; dueNs: number },
  when: string,
): Violation[] {
  return groups(after, kindOf).flatMap(([kind, operations]): Violation[] => {
    const inTime = operations.filter(({ invokeNs }) => invokeNs < dueNs);
    if (inTime.length === 0 || inTime.some(({ outcome, returnNs }) => outcome === 'ok' && returnNs <= dueNs))
      return [];
    const next = operations
      .filter(({ invokeNs }) => invokeNs >= dueNs)
      .sort((x, y) => x.invokeNs - y.invokeNs)[0];
    const late = inTime.filter(({ invokeNs }) => invokeNs >= (healedNs + dueNs) / 2);
    if (late.length < fewTries && (next === undefined || next.outcome === 'ok')) return [];
    return [
      {
        checker: 'progress',
        summary: `no ${kind} succeeded ${when}: ${inTime.length} tried, ${outcomes(inTime)}`,
        atNs: dueNs,
        operations: inTime.slice(-5),
      },
    ];
  });
}

function failingInstances(settled: readonly Operation[], when: string): Violation[] {
  return groups(settled, ({ instance }) => instance ?? '').flatMap(([instance, operations]): Violation[] => {
    const failed = operations.filter(({ outcome }) => outcome !== 'ok');
    const share = 1 - failed.length / operations.length;
    // One failure alone among few operations is no sign that the service does not work.
    if (share >= okShare || failed.length === 1) return [];
    const at = instance === '' ? '' : ` at ${instance}`;
    return [
      {
        checker: 'progress',
        summary:
          `only ${(share * 100).toFixed(1)} % of ${operations.length} operations${at} succeeded ${when} ` +
          `(${outcomes(operations)}); at least ${okShare * 100} % should`,
        atNs: failed[0]!.invokeNs,
        operations: failed.slice(0, 5),
      },
    ];
  });
}

function kindOf({ f, grade, instance }: Operation): string {
  return `${grade === undefined ? '' : `${grade} `}${f}${instance === undefined ? '' : ` at ${instance}`}`;
}

function outcomes(operations: readonly Operation[]): string {
  const count = (outcome: string) => operations.filter((one) => one.outcome === outcome).length;
  return `${count('ok')} ok, ${count('fail')} fail, ${count('info')} info`;
}

function groups(
  operations: readonly Operation[],
  name: (operation: Operation) => string,
): [string, Operation[]][] {
  const found = new Map<string, Operation[]>();
  for (const operation of operations) {
    const group = found.get(name(operation));
    if (group === undefined) found.set(name(operation), [operation]);
    else group.push(operation);
  }
  return [...found].sort(([x], [y]) => (x < y ? -1 : 1));
}
