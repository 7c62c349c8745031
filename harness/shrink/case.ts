import type { Scenario, Step } from '../scenario.ts';
import { stepData } from '../schedule-file.ts';

/** A Case is what of a run can be made smaller; all else of it (scenario, strategy, seed, workload) stays as it was. */
export interface Case {
  /** In order of time, at the times they say. */
  readonly steps: readonly Step[];
  readonly members: Scenario['members'];
  readonly instances: number;
  /** Clients are made as operations need them: fewer operations a second are fewer clients. */
  readonly ratePerSecond: number;
  readonly loadMs: number;
}

/** The same for cases that are the same. */
export function caseKey({ steps, ...sizes }: Case): string {
  return JSON.stringify([
    sizes.members,
    sizes.instances,
    sizes.ratePerSecond,
    sizes.loadMs,
    steps.map(stepData),
  ]);
}

/** '2 faults, 3 members, 1 instance, 200/s, 12 s' */
export function caseText({ steps, members, instances, ratePerSecond, loadMs }: Case): string {
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return [
    counted(steps.length, 'fault'),
    counted(members, 'member'),
    counted(instances, 'instance'),
    `${ratePerSecond}/s`,
    `${loadMs / 1_000} s`,
  ].join(', ');
}
