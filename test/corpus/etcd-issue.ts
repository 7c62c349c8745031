import type { Bug, Hunt, HuntingGround } from './bug.ts';
import { TrapLog } from './trap.ts';

/**
 * An EtcdIssue is a known bug of etcd that can be seen from outside: a script that shows it, and the same script
 * without what sets it off.
 */
export interface EtcdIssue {
  /** 'etcd-io/etcd#18089' */
  readonly issue: string;
  readonly name: string;
  readonly scenario: string;
  readonly violation: string;
  isAffected(version: string): boolean;
  run(which: 'issue' | 'harmless', log: TrapLog): Promise<Hunt>;
}

export function issueBug({ issue, name, scenario, violation, isAffected, run }: EtcdIssue): Bug {
  const started = (which: 'issue' | 'harmless') => (_: HuntingGround) => run(which, new TrapLog());
  return {
    name,
    kind: 'etcd issue',
    scenario: `${issue}: ${scenario}`,
    violation,
    isIn: isAffected,
    hunt: started('issue'),
    control: { name: `${name}, without what sets it off`, hunt: started('harmless') },
  };
}

/** Whether a version of etcd 3.4, 3.5 or 3.6 is older than the patch that mends its line; later lines are mended. */
export function isBefore(version: string, mendedIn: Readonly<Record<number, number>>): boolean {
  const [major, minor, patch] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 3 || minor === undefined || patch === undefined) return false;
  const mended = mendedIn[minor];
  return mended === undefined ? minor < Math.min(...Object.keys(mendedIn).map(Number)) : patch < mended;
}
