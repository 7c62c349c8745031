import { judgeWatches } from '../../harness/checker/watch/watch.ts';
import type { WatchHistory } from '../../harness/history/watch.ts';
import type { Bug, Hunt, HuntingGround } from './bug.ts';

/**
 * An EtcdIssue is a known bug of etcd's watches that can be seen from outside: a script that shows it, and the same
 * script without what sets it off. What the watcher was told is held against the true log; the finding must name the issue.
 */
export interface EtcdIssue {
  /** 'etcd-io/etcd#18089' */
  readonly issue: string;
  readonly name: string;
  readonly scenario: string;
  /** The guarantee of watches that it breaks. */
  readonly violation: string;
  /** The first patch of each minor version without it. A minor version that is older than all of these has it. */
  readonly mendedIn: Readonly<Record<number, number>>;
  run(which: 'issue' | 'harmless'): Promise<WatchHistory>;
}

export function issueBug({ issue, name, scenario, violation, mendedIn, run }: EtcdIssue): Bug {
  const hunting =
    (which: 'issue' | 'harmless') =>
    async ({ etcd }: HuntingGround): Promise<Hunt> =>
      huntOf(issue, { ...(await run(which)), etcdVersion: etcd.version });
  return {
    name,
    kind: 'etcd issue',
    scenario: `${scenario} (${issue})`,
    violation,
    isIn: (version) => isBefore(version, mendedIn),
    hunt: hunting('issue'),
    control: { name: `${name}, without what sets it off`, hunt: hunting('harmless') },
  };
}

/** A finding that does not name the issue is one all the same, but not this one. */
function huntOf(issue: string, history: WatchHistory): Hunt {
  const verdicts = judgeWatches(history);
  const beganNs = Math.min(...history.watchers.flatMap(({ told }) => told.map(({ atNs }) => atNs)));
  const sightings = verdicts.flatMap((verdict) =>
    verdict.state !== 'broken'
      ? []
      : verdict.violations.map(({ knownIssue = 'no known issue', summary, atNs }) => ({
          violation: knownIssue.includes(issue) ? verdict.guarantee : `${verdict.guarantee} (${knownIssue})`,
          summary: `${summary} [${knownIssue}]`,
          afterMs: (atNs - beganNs) / 1e6,
        })),
  );
  return sightings.length > 0 ? { state: 'found', sightings } : { state: 'silent' };
}

/** Whether a version of etcd 3 is older than the patch that mends its minor version. */
export function isBefore(version: string, mendedIn: Readonly<Record<number, number>>): boolean {
  const [major, minor, patch] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 3 || minor === undefined || patch === undefined) return false;
  const mended = mendedIn[minor];
  return mended === undefined ? minor < Math.min(...Object.keys(mendedIn).map(Number)) : patch < mended;
}
