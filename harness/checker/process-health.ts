import type { MemberLog, MemberSeen } from '../history/observation.ts';
import type { FaultWindow } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

/** A process that was killed is seen down a moment before the fault's window says so, and after it. */
const slackNs = 1e9;

/**
 * Demands that no member panics, logs something fatal, or ends by itself, whatever its network and its peers do.
 *
 *   m2's log: {"level":"panic","msg":"unexpected removal of unknown remote peer"}
 *   m2 is up   (no fault touches it)   m2 is down
 *
 * A member that a fault of the run killed is down because of the fault. One whose disk was full says so, and ends. A run of which some member's log could not be
 * read is unknown.
 */
export const processHealth: Checker = {
  name: 'process-health',
  check({ observations = [], faults, orderedBy }) {
    const words = wordsFor(orderedBy);
    const logs = observations.filter((one): one is MemberLog => one.kind === 'log');
    const seen = observations.filter((one): one is MemberSeen => one.kind === 'member');
    const violations: Violation[] = [];
    for (const { member, serious: logged } of logs) {
      const serious = logged.filter(({ text }) => !wasCaused(text, member, faults));
      const [first] = serious;
      if (first === undefined) continue;
      const more = serious.length === 1 ? '' : `, and ${serious.length - 1} more such lines`;
      violations.push({
        checker: 'process-health',
        summary: `${member} logged a ${first.level} in line ${first.line} of its log${more}: ${first.text}`,
        atNs: 0,
        operations: [],
      });
    }
    const down = new Set<string>();
    for (const one of [...seen].sort((x, y) => x.askedNs - y.askedNs)) {
      if (one.process !== 'down' || down.has(one.member) || faults.some((fault) => explains(fault, one)))
        continue;
      down.add(one.member);
      violations.push({
        checker: 'process-health',
        summary: `${one.member} was down at ${words.instant(one.answeredNs)}, and no fault had taken it down`,
        atNs: one.answeredNs,
        operations: [],
      });
    }
    const judged = logs.reduce((lines, log) => lines + log.lines, 0);
    if (violations.length > 0) return verdictOf(judged, violations);
    const unread = [...new Set(seen.map(({ member }) => member))].filter(
      (member) => !logs.some((log) => log.member === member && log.reason === undefined && log.lines > 0),
    );
    const failed = logs.find(({ reason }) => reason !== undefined);
    if (unread.length > 0 || failed !== undefined) {
      const why = failed === undefined ? '' : ` (${failed.member}: ${failed.reason})`;
      return unknown(`the log of ${unread.join(', ') || failed!.member} was not read${why}`, judged);
    }
    if (logs.length === 0) return unknown('no log of a member was read');
    return verdictOf(judged, violations);
  },
};

/** etcd ends when it cannot write; only that is excused, and only of the member whose disk a fault had filled. */
function wasCaused(text: string, member: string, faults: readonly FaultWindow[]): boolean {
  return (
    text.includes('no space left on device') &&
    faults.some(({ nemesis, targets }) => nemesis === 'full-disk' && targets.includes(member))
  );
}

/** It touches the member, and both times lie about it. A member may stay down until the fault is healed. */
function explains(
  { targets, fromNs, toNs }: FaultWindow,
  { member, askedNs, answeredNs }: MemberSeen,
): boolean {
  const isTouched = targets.some((target) => target.split('->').includes(member));
  return isTouched && answeredNs >= fromNs - slackNs && askedNs <= toNs + slackNs;
}
