import type { History } from '../../history/operation.ts';
import type { WatcherHistory, WatchHistory } from '../../history/watch.ts';
import type { Checker, Verdict, Violation } from '../checker.ts';
import { unknown, verdictOf } from '../checker.ts';
import { Delivery } from './delivery.ts';
import { EventLog } from './event-log.ts';
import {
  type Broken,
  type WatchGuarantee,
  type WatchGuaranteeName,
  watchGuaranteeNames,
} from './guarantee.ts';
import { watchGuarantees } from './guarantees.ts';
import { knownIssue } from './known-issues.ts';

/** What is found of one guarantee over all watchers. */
export type WatchVerdict = {
  readonly guarantee: WatchGuaranteeName;
  /** Events and notices that were held against it. */
  readonly judged: number;
} & (
  | { readonly state: 'kept' }
  | { readonly state: 'broken'; readonly violations: readonly WatchViolation[] }
  | { readonly state: 'unknown'; readonly reason: string }
);

export interface WatchViolation extends Broken {
  readonly guarantee: WatchGuaranteeName;
  readonly watcher: string;
  /** The known issue of this version of etcd that may have made it. */
  readonly knownIssue?: string;
}

/** Holds everything that watchers were told against the true log: one pass over the log, one over what each was told. */
export function judgeWatches(
  history: WatchHistory,
  guarantees: readonly WatchGuarantee[] = watchGuarantees,
): WatchVerdict[] {
  const log = new EventLog(history.log);
  const findings = guarantees.map((guarantee) => ({
    guarantee,
    judged: 0,
    violations: [] as WatchViolation[],
  }));
  for (const watcher of history.watchers) {
    const delivery = new Delivery(log, watcher);
    const followers = findings.map((finding) => {
      const { name } = finding.guarantee;
      return finding.guarantee.follow(delivery, {
        judged: () => {
          finding.judged += 1;
        },
        broken: (found) => {
          const known = history.etcdVersion && knownIssue(history.etcdVersion, name, found, log);
          finding.violations.push({
            ...picked(found),
            guarantee: name,
            watcher: watcher.name,
            ...(known && { knownIssue: known }),
          });
        },
      });
    });
    for (const told of watcher.told) {
      const response = delivery.hear(told);
      for (const follower of followers) follower.hear?.(response);
    }
    delivery.end();
    for (const follower of followers) follower.end?.();
  }
  return findings.map(({ guarantee: { name, unjudged }, judged, violations }): WatchVerdict => {
    const said = { guarantee: name, judged };
    if (violations.length > 0) return { ...said, state: 'broken', violations };
    return judged === 0 ? { ...said, state: 'unknown', reason: unjudged } : { ...said, state: 'kept' };
  });
}

/** An event has more to it (its value, its previous one) than a finding should carry. */
function picked({ summary, revision, key, kind, missing, atNs }: Broken): Broken {
  return {
    summary,
    revision,
    atNs,
    ...(key !== undefined && { key }),
    ...(kind && { kind }),
    ...(missing && { missing }),
  };
}

/**
 * Watch guarantees as a checker of a history with watches. Of those that are named each has to be shown by something
 * that was told. Where none is named all nine are held against the history, and those of which it had nothing to show
 * (nobody asked for previous values) are passed over.
 */
export function watch(demanded?: readonly WatchGuaranteeName[]): Checker {
  return checkerOf('watch', demanded, () => true);
}

/** Of the watches of the service alone, not those that the harness has beside it. */
export function serviceWatches(demanded: readonly WatchGuaranteeName[]): Checker {
  return checkerOf('watch', demanded, ({ atMember }) => atMember === undefined);
}

/** Of the watchers that the harness has at the members: all nine, each shown by something. */
export const memberWatches = checkerOf(
  'member-watches',
  watchGuaranteeNames,
  ({ atMember }) => atMember !== undefined,
);

function checkerOf(
  name: string,
  demanded: readonly WatchGuaranteeName[] | undefined,
  isJudged: (watcher: WatcherHistory) => boolean,
): Checker {
  const guarantees = watchGuarantees.filter((one) => demanded?.includes(one.name) ?? true);
  return {
    name,
    check({ watches }): Verdict {
      const watchers = watches?.watchers.filter(isJudged) ?? [];
      if (!watches || (watchers.length === 0 && watches.watchers.length > 0))
        return unknown('nothing was recorded of any watch');
      const verdicts = judgeWatches({ ...watches, watchers }, guarantees);
      const judged = Math.max(...verdicts.map((verdict) => verdict.judged));
      const found = verdicts.flatMap((verdict) => (verdict.state === 'broken' ? verdict.violations : []));
      if (found.length > 0)
        return verdictOf(
          judged,
          // What nobody knows yet must not be buried under what everybody does.
          [...found.filter((one) => !one.knownIssue), ...found.filter((one) => one.knownIssue)].map((one) =>
            asViolation(name, one),
          ),
        );
      const open = verdicts.filter((verdict) => verdict.state === 'unknown');
      if (open.length > 0 && (demanded || judged === 0)) return unknown(open[0]!.reason, judged);
      return verdictOf(judged, []);
    },
  };
}

/**
 * How much of what was found the known issues of the running version explain; undefined where none explains anything.
 *
 * "12 of 12 match known issues of etcd 3.4.23: etcd-io/etcd#15220 (...) 11 times, etcd-io/etcd#18089 (...) once"
 */
export function tellKnownIssues(
  violations: readonly Violation[],
  { watches }: Pick<History, 'watches'>,
): string | undefined {
  const times = new Map<string, number>();
  for (const { knownIssue } of violations)
    if (knownIssue !== undefined) times.set(knownIssue, (times.get(knownIssue) ?? 0) + 1);
  if (times.size === 0) return undefined;
  const known = [...times.values()].reduce((sum, count) => sum + count, 0);
  const issues = [...times].map(([issue, count]) => `${issue} ${count === 1 ? 'once' : `${count} times`}`);
  const etcd = `etcd ${watches?.etcdVersion ?? ''}`.trim();
  return `${known} of ${violations.length} match known issues of ${etcd}: ${issues.join(', ')}`;
}

/** "w1: told the put of "a" at revision 5 again (known: etcd-io/etcd#15271 ...)" */
export function tellWatchViolation({ watcher, summary, knownIssue }: WatchViolation): string {
  return `${watcher}: ${summary}${knownIssue ? ` (known: ${knownIssue})` : ''}`;
}

/** A watch's evidence is its events, which are no operations; the summary names them. */
function asViolation(checker: string, violation: WatchViolation): Violation {
  const { guarantee, key, atNs, knownIssue } = violation;
  return {
    checker,
    ...(key !== undefined && { key }),
    summary: `${tellWatchViolation(violation)} (breaks ${guarantee})`,
    atNs,
    ...(knownIssue !== undefined && { knownIssue }),
    operations: [],
  };
}
