import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apart,
  bisect,
  bridge,
  type Grudge,
  halves,
  isolate,
  linksOf,
  majoritiesRing,
  reachable,
} from '../../harness/network/grudge.ts';
import type { Link } from '../../harness/network/network.ts';

const members = (n: number) => Array.from({ length: n }, (_, i) => `m${i + 1}`);
const written = (grudge: Grudge) =>
  Object.fromEntries([...grudge].map(([m, refused]) => [m, [...refused].join(' ')]));

test.each<[string, Grudge, Record<string, string>]>([
  ['isolate m1 of 1', isolate('m1', members(1)), {}],
  ['isolate m2 of 3', isolate('m2', members(3)), { m1: 'm2', m2: 'm1 m3', m3: 'm2' }],
  ['bisect 1', bisect(members(1)), {}],
  ['bisect 2', bisect(members(2)), { m1: 'm2', m2: 'm1' }],
  ['bisect 3', bisect(members(3)), { m1: 'm2 m3', m2: 'm1', m3: 'm1' }],
  ['bisect 4', bisect(members(4)), { m1: 'm3 m4', m2: 'm3 m4', m3: 'm1 m2', m4: 'm1 m2' }],
  ['bisect 5', bisect(members(5)), { m1: 'm3 m4 m5', m2: 'm3 m4 m5', m3: 'm1 m2', m4: 'm1 m2', m5: 'm1 m2' }],
  ['three apart, one not touched', apart(['m1'], ['m2'], ['m3']), { m1: 'm2 m3', m2: 'm1 m3', m3: 'm1 m2' }],
  ['nobody apart', apart(), {}],
  ['bridge of none', bridge([]), {}],
  ['bridge of 2', bridge(members(2)), {}],
  ['bridge of 3', bridge(members(3)), { m1: 'm3', m3: 'm1' }],
  ['bridge of 5', bridge(members(5)), { m1: 'm4 m5', m2: 'm4 m5', m4: 'm1 m2', m5: 'm1 m2' }],
  ['ring of 3', majoritiesRing(members(3)), { m1: 'm3', m3: 'm1' }],
  [
    'ring of 5',
    majoritiesRing(members(5)),
    { m1: 'm3 m4', m2: 'm4 m5', m3: 'm1 m5', m4: 'm1 m2', m5: 'm2 m3' },
  ],
  [
    'ring of 7',
    majoritiesRing(members(7)),
    { m1: 'm4 m5', m2: 'm5 m6', m3: 'm6 m7', m4: 'm1 m7', m5: 'm1 m2', m6: 'm2 m3', m7: 'm3 m4' },
  ],
])('%s', (_what, grudge, wanted) => {
  expect(written(grudge)).toEqual(wanted);
});

test.each<[string, () => unknown, string]>([
  ['isolate a stranger', () => isolate('m9', members(3)), 'should be one of m1, m2, m3, got m9'],
  ['a member in two groups', () => apart(['m1', 'm2'], ['m2']), 'should be in one group'],
])('%s is refused', (_what, make, message) => {
  expect(make).toThrow(message);
});

describe('whatever the members', () => {
  const some = fc.integer({ min: 1, max: 12 }).map(members);
  const majorityOf = (all: readonly string[]) => Math.floor(all.length / 2) + 1;

  test('every grudge is mutual, and nobody refuses itself', () => {
    fc.assert(
      fc.property(some, fc.nat(), (all, n) => {
        for (const grudge of [
          bisect(all),
          bridge(all),
          majoritiesRing(all),
          isolate(all[n % all.length]!, all),
        ]) {
          for (const [member, refused] of grudge) {
            expect(refused.has(member)).toBe(false);
            expect(refused.size).toBeGreaterThan(0);
            for (const other of refused) expect(grudge.get(other)).toContain(member);
          }
        }
      }),
    );
  });

  test('bisect leaves a majority on one side at most, and the halves are all', () => {
    fc.assert(
      fc.property(some, (all) => {
        const { minority, majority } = halves(all);
        expect([...minority, ...majority]).toEqual(all);
        expect(minority.length).toBeLessThan(majorityOf(all));
        for (const member of minority) expect(reachable(member, all, bisect(all))).toEqual(minority);
        for (const member of majority) expect(reachable(member, all, bisect(all))).toEqual(majority);
      }),
    );
  });

  test('in a bridge exactly one reaches all, when there are three or more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 12 }).map(members), (all) => {
        const reachAll = all.filter((member) => reachable(member, all, bridge(all)).length === all.length);
        expect(reachAll).toHaveLength(1);
      }),
    );
  });

  test('on the ring all reach a majority; from four members on no two reach the same, and none reaches all', () => {
    fc.assert(
      fc.property(some, (all) => {
        const views = all.map((member) => reachable(member, all, majoritiesRing(all)));
        for (const view of views) expect(view.length).toBeGreaterThanOrEqual(majorityOf(all));
        if (all.length < 4) return;
        expect(new Set(views.map((view) => [...view].sort().join())).size).toBe(all.length);
        for (const view of views) expect(view.length).toBeLessThan(all.length);
      }),
    );
  });

  test('the links of a grudge are both of each pair that is parted, each once', () => {
    const link = (from: string, to: string): Link => ({
      from,
      to,
      proxy: `${from}->${to}`,
      listen: '',
      upstream: '',
    });
    fc.assert(
      fc.property(some, fc.nat(), (all, n) => {
        const grudge = isolate(all[n % all.length]!, all);
        const names = linksOf(grudge, { link }).map((l) => l.proxy);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toHaveLength(2 * (all.length - 1));
        for (const name of names) expect(name.split('->')).toContain(all[n % all.length]);
      }),
    );
  });
});
