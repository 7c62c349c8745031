import type { MemberHash } from '../history/observation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

/**
 * Demands that all members have the same keys, with the same values, as of one revision: their hashes (etcd's HashKV)
 * at that revision are equal.
 *
 *   m1: hash at revision 90 is a1f0     m2: hash at revision 90 is a1f0     m3: hash at revision 90 is 77c2
 *
 * Hashes of members that have compacted up to different revisions are not comparable, and compacting goes on for a
 * moment after it was asked for: of each member the last hash as of a revision and a compaction counts, and two that
 * differ have to have been seen to differ twice. A last comparison that lacks a member is unknown.
 */
export const membersAgree: Checker = {
  name: 'members-agree',
  check({ observations = [], orderedBy }) {
    const words = wordsFor(orderedBy);
    const hashes = observations.filter((one): one is MemberHash => one.kind === 'hash');
    if (hashes.length === 0) return unknown('no member was asked for a hash of its keys');
    const expected = new Set(
      observations.flatMap((one) => (one.kind === 'member' || one.kind === 'hash' ? [one.member] : [])),
    );
    if (expected.size < 2) return unknown('there is one member only, with which nobody can disagree');
    const violations: Violation[] = [];
    let compared = 0;
    let complete = false;
    let isOnce = false;
    for (const asOf of groups(hashes)) {
      const last = new Map<string, MemberHash>();
      const tellings = new Map<string, number>();
      for (const one of asOf) {
        last.set(one.member, one);
        tellings.set(`${one.member} ${one.hash}`, (tellings.get(`${one.member} ${one.hash}`) ?? 0) + 1);
      }
      if (last.size < 2) continue;
      compared += last.size;
      const told = [...last.values()];
      if (new Set(told.map(({ hash }) => hash)).size === 1) {
        complete ||= last.size === expected.size;
        continue;
      }
      if (told.some((one) => tellings.get(`${one.member} ${one.hash}`)! < 2)) {
        isOnce = true;
        continue;
      }
      const { revision, compactRevision } = told[0]!;
      const answers = told.map((one) => `${one.member} ${one.hash!.toString(16)}`).join(', ');
      const atNs = Math.max(...told.map(({ answeredNs }) => answeredNs));
      violations.push({
        checker: 'members-agree',
        summary:
          `the members' keys differ as of revision ${revision}` +
          `${compactRevision > 0 ? ` (compacted up to ${compactRevision})` : ''}, asked at ${words.instant(atNs)}: hashes ${answers}`,
        atNs,
        operations: [],
      });
    }
    if (violations.length > 0) return verdictOf(compared, violations);
    if (isOnce) return unknown('two hashes differed, but were asked for only once', compared);
    const failed = hashes.find(({ hash }) => hash === undefined);
    if (!complete) {
      const why = failed === undefined ? '' : ` (${failed.member}: ${failed.reason ?? 'no answer'})`;
      return unknown(`no hash of all ${expected.size} members as of one revision was had${why}`, compared);
    }
    return verdictOf(compared, violations);
  },
};

/** Hashes that can be held against each other, in the order in which they were answered. */
function groups(hashes: readonly MemberHash[]): Iterable<readonly MemberHash[]> {
  const found = new Map<string, MemberHash[]>();
  for (const one of [...hashes].sort((x, y) => x.answeredNs - y.answeredNs)) {
    if (one.hash === undefined) continue;
    const name = `${one.revision} ${one.compactRevision}`;
    const known = found.get(name);
    if (known === undefined) found.set(name, [one]);
    else known.push(one);
  }
  return found.values();
}
