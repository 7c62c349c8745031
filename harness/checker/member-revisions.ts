import type { MemberSeen } from '../history/observation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { wordsFor } from './words.ts';

/**
 * Demands that the revision which a member shows never falls, also across its restarts: what it has once applied and
 * told stays applied.
 *
 *   m2: revision 90    (killed, started again)    m2: revision 84     it lost what it had shown
 *
 * Only an answer to a question that was asked after the earlier answer had come is held against that. A member that
 * was cut off lags behind the others, which is no fall; one that got another id is another member.
 */
export const memberRevisions: Checker = {
  name: 'member-revisions',
  check({ observations = [], orderedBy }) {
    const words = wordsFor(orderedBy);
    const violations: Violation[] = [];
    const members = new Map<string, MemberSeen[]>();
    const silent = new Set<string>();
    for (const one of observations) {
      if (one.kind !== 'member') continue;
      silent.add(one.member);
      if (one.revision === undefined) continue;
      const name = `${one.member} ${one.id ?? ''}`;
      const known = members.get(name);
      if (known === undefined) members.set(name, [one]);
      else known.push(one);
    }
    let judged = 0;
    for (const seen of members.values()) {
      for (const { member } of seen.slice(0, 1)) if (seen.length > 1) silent.delete(member);
      const answered = [...seen].sort((x, y) => x.answeredNs - y.answeredNs);
      let next = 0;
      let highest: MemberSeen | undefined;
      for (const one of [...seen].sort((x, y) => x.askedNs - y.askedNs)) {
        for (; next < answered.length && answered[next]!.answeredNs <= one.askedNs; next++) {
          if (highest === undefined || answered[next]!.revision! > highest.revision!)
            highest = answered[next]!;
        }
        if (highest === undefined) continue;
        judged++;
        if (one.revision! >= highest.revision!) continue;
        violations.push({
          checker: 'member-revisions',
          summary:
            `${one.member} showed revision ${one.revision} at ${words.instant(one.askedNs)}, ` +
            `after it had shown ${highest.revision} at ${words.instant(highest.answeredNs)}`,
          atNs: one.askedNs,
          operations: [],
        });
      }
    }
    if (violations.length > 0) return verdictOf(judged, violations);
    const [first] = silent;
    if (first !== undefined)
      return unknown(`${[...silent].join(', ')} did not tell its revision twice`, judged);
    if (judged === 0) return unknown('no member was observed');
    return verdictOf(judged, violations);
  },
};
