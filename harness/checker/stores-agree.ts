import type { StoreSeen } from '../history/observation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { comparable } from './values.ts';
import { inKey, tell, wordsFor } from './words.ts';

/**
 * Demands that in the end the stores of a strategy that keeps its values in several have the same: the database's
 * primary and its replica what etcd has, key by key.
 *
 *   etcd: k7 is 12     primary: k7 is 12     replica: k7 is 11
 *
 * The stores cannot be asked at one instant, and the last writes may still be on their way: the observer looks again
 * until all agree or its time is over. Of each store the last look counts, and a difference has to have been there in
 * the last two looks at both stores, the same each time; one that was still changing is unknown, and so is a store
 * that did not answer.
 */
export const storesAgree: Checker = {
  name: 'stores-agree',
  check({ observations = [], orderedBy }) {
    const words = wordsFor(orderedBy);
    const looks = new Map<string, StoreSeen[]>();
    for (const one of observations) {
      if (one.kind === 'store') looks.set(one.store, [...(looks.get(one.store) ?? []), one]);
    }
    for (const of of looks.values()) of.sort((x, y) => x.answeredNs - y.answeredNs);
    const etcd = looks.get('etcd');
    const others = [...looks].filter(([store]) => store !== 'etcd').sort(([x], [y]) => (x < y ? -1 : 1));
    if (etcd === undefined || others.length === 0) return unknown('nobody looked at the stores themselves');
    const silent = [...looks.values()].map((of) => of.at(-1)!).find(({ values }) => values === undefined);
    if (silent !== undefined) {
      return unknown(`${silent.store} was not there to be asked: ${silent.reason ?? 'it gave no answer'}`);
    }

    const violations: Violation[] = [];
    let compared = 0;
    let changing: string | undefined;
    for (const [store, of] of others) {
      const [there, here] = [etcd.at(-1)!, of.at(-1)!];
      for (const key of keysOf(there, here)) {
        compared += 1;
        if (isSame(there, here, key)) continue;
        if (!isSettled(etcd, key) || !isSettled(of, key)) {
          changing ??= `${inKey(key)}etcd and ${store} differed when they were asked last, but not twice in the same way`;
          continue;
        }
        violations.push({
          checker: 'stores-agree',
          key,
          summary: `${inKey(key)}etcd has ${tellIn(there, key)}, ${store} has ${tellIn(here, key)}, asked at ${words.instant(here.answeredNs)}`,
          atNs: here.answeredNs,
          operations: [],
        });
      }
    }
    if (violations.length === 0 && changing !== undefined) return unknown(changing, compared);
    return verdictOf(compared, violations);
  },
};

function keysOf(...seen: readonly StoreSeen[]): readonly string[] {
  return [...new Set(seen.flatMap(({ values = {} }) => Object.keys(values)))].sort();
}

/** What is deleted and what never was are one: nothing. */
function valueIn({ values = {} }: StoreSeen, key: string): unknown {
  return Object.hasOwn(values, key) ? (values[key] ?? null) : null;
}

function isSame(one: StoreSeen, other: StoreSeen, key: string): boolean {
  return comparable(valueIn(one, key)) === comparable(valueIn(other, key));
}

/** Whether the last two looks at a store show the same under a key. */
function isSettled(looks: readonly StoreSeen[], key: string): boolean {
  const [before, last] = looks.slice(-2);
  return before?.values !== undefined && last !== undefined && isSame(before, last, key);
}

function tellIn(seen: StoreSeen, key: string): string {
  return tell(valueIn(seen, key));
}
