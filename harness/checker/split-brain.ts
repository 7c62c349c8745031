import type { MemberLog } from '../history/observation.ts';
import type { Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { tell } from './tell.ts';
import { comparable } from './values.ts';
import { deed, inKey, wordsFor } from './words.ts';
import { writtenValue } from './write-order.ts';

/**
 * Demands that there is one history: in every term one member at the most is elected, and a revision of a key has one
 * content, whoever acknowledges or shows it.
 *
 *   m1 became leader at term 4       m3 became leader at term 4         both halves elected, and both acknowledge
 *   write 5 --ok, revision 9--       write 6 --ok, revision 9--         of one key: two members gave out one revision
 *
 *   m1 tells a@9 = "5"               m3 tells a@9 = "6"                 watches of all keys, one at each member
 *
 * Elections are taken from the members' logs. What a member answers when it is asked for its leader and term is no
 * witness: etcd tells the term of the last entry that it has applied, so that a new leader is named with the old term
 * for a moment, beside the old leader that is cut off. Writes of one transaction share a revision, and so do different
 * keys; only one key at one revision with two contents is a fork.
 */
export const splitBrain: Checker = {
  name: 'split-brain',
  check({ operations, observations = [], watches, orderedBy }) {
    const words = wordsFor(orderedBy);
    const violations: Violation[] = [];
    const leaders = new Map<number, { id: string; member: string }>();
    const logs = observations.filter((one): one is MemberLog => one.kind === 'log');
    let elections = 0;
    for (const { member, elections: own } of logs) {
      for (const { id, term } of own) {
        elections++;
        const known = leaders.get(term);
        if (known === undefined) leaders.set(term, { id, member });
        else if (known.id !== id) {
          violations.push({
            checker: 'split-brain',
            summary: `both ${known.member} and ${member} became leader in term ${term}, as their logs tell`,
            atNs: 0,
            operations: [],
          });
        }
      }
    }
    const contents = new Map<string, { one: Operation; value: unknown }>();
    let revisions = 0;
    for (const one of [...operations].sort((x, y) => x.invokeNs - y.invokeNs)) {
      const content = contentOf(one);
      if (content === undefined) continue;
      revisions++;
      const name = `${one.revision} ${one.key}`;
      const known = contents.get(name);
      if (known === undefined) contents.set(name, { one, value: content.value });
      else if (known.value !== content.value) {
        violations.push({
          checker: 'split-brain',
          key: one.key,
          summary:
            `${inKey(one.key)}revision ${one.revision} has two contents: ${words.operation(known.one)} and ` +
            `${words.operation(one)} (${deed(known.one)}, ${deed(one)})`,
          atNs: one.invokeNs,
          operations: [known.one, one],
        });
      }
    }
    for (const { revision, key, one, other } of watches?.log.forks ?? []) {
      const [first, second] = [one, other].map(
        ({ member, value }) => `${member} told ${value === null ? 'a delete' : tell(value)}`,
      );
      violations.push({
        checker: 'split-brain',
        key,
        summary: `${inKey(key)}revision ${revision} has two contents: ${first}, and ${second}`,
        atNs: 0,
        operations: [],
      });
    }
    if (violations.length > 0) return verdictOf(elections + revisions, violations);
    if (logs.length > 0 && elections === 0)
      return unknown("the members' logs tell of no election", revisions);
    if (elections + revisions === 0) return unknown('neither elections nor revisions were recorded');
    return verdictOf(elections + revisions, violations);
  },
};

/** What an answer says that its key was given at its revision; the revision of "nothing there" is of some other key. */
function contentOf(one: Operation): { readonly value: unknown } | undefined {
  if (one.outcome !== 'ok' || one.revision === undefined || one.revision === 0) return undefined;
  if (one.f === 'read') return (one.value ?? null) === null ? undefined : { value: comparable(one.value) };
  const value = writtenValue(one);
  return value === undefined ? undefined : { value: comparable(value) };
}
