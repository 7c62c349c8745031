import { describe, expect, it, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { leaseEnds } from '../../harness/checker/lease-ends.ts';
import { leaseNotices, leaseTruth, tellNotices } from '../../harness/checker/lease-truth.ts';
import type { LeaseBelief, LeasesSeen, Observation } from '../../harness/history/observation.ts';

const msNs = 1e6;

/** What a member has of each holder's lease, by its epoch. */
const view = (
  atMs: number,
  revision: number,
  held: Readonly<Record<string, number>>,
  more: Partial<LeasesSeen> = {},
): LeasesSeen => ({
  kind: 'leases',
  member: 'm1',
  askedNs: atMs * msNs,
  answeredNs: (atMs + 1) * msNs,
  revision,
  held: Object.entries(held).map(([holder, epoch]) => ({ holder, epoch })),
  ...more,
});

const belief = (
  holder: string,
  fromMs: number,
  toMs: number,
  epoch: number,
  more: Partial<LeaseBelief> = {},
): LeaseBelief => ({
  kind: 'belief',
  holder,
  epoch,
  alive: true,
  askedNs: fromMs * msNs,
  answeredNs: toMs * msNs,
  ...more,
});

describe('the ends of leases', () => {
  it('are told by the first member that had applied the registration and shows it no more', () => {
    const views = [
      view(0, 5, { s1: 4 }),
      view(10, 6, { s1: 4 }),
      view(20, 3, {}, { member: 'm2' }),
      view(30, 9, {}, { member: 'm3' }),
      view(40, 9, {}),
    ];
    for (const given of [views, [...views].reverse()]) {
      expect(leaseEnds([belief('s1', 0, 1, 4), ...given])).toEqual([
        { holder: 's1', epoch: 4, member: 'm3', goneByRevision: 9, goneByNs: 31 * msNs, heldAtNs: 10 * msNs },
      ]);
    }
  });

  it('are told by a member that shows the very revision of the registration', () => {
    expect(leaseEnds([view(0, 4, { s1: 4 }), view(10, 4, {})])).toHaveLength(1);
    expect(leaseEnds([view(0, 4, { s1: 4 }), view(10, 3, {})])).toEqual([]);
  });

  it('have no time before, where the lease was seen only after it was gone elsewhere', () => {
    expect(leaseEnds([view(0, 9, {}), view(10, 5, { s1: 4 }, { member: 'm2' })])).toMatchObject([
      { holder: 's1', heldAtNs: undefined, goneByNs: msNs },
    ]);
  });

  it('are told of each registration by itself', () => {
    const ends = leaseEnds([
      view(0, 9, { s1: 4, s2: 4 }),
      view(10, 12, { s1: 11, s2: 4 }),
      view(20, 13, { s2: 4 }),
    ]);
    expect(ends.map(({ holder, epoch, goneByRevision }) => [holder, epoch, goneByRevision])).toEqual([
      ['s1', 4, 12],
      ['s1', 11, 13],
    ]);
  });
});

describe('who notices the end of a lease', () => {
  const held = view(0, 5, { s1: 4 });
  const gone = view(20, 9, {});
  const noticeOf = (...beliefs: LeaseBelief[]) => leaseNotices([held, gone, ...beliefs])[0];
  const told = { holder: 's1', epoch: 4, heldAtNs: 0, goneByNs: 21 * msNs };
  const no = { alive: false };

  test.each<[what: string, beliefs: LeaseBelief[], believedAtMs: number | null, noticedByMs: number | null]>([
    ['nobody who is not asked', [], null, null],
    ['nobody who is asked only afterwards', [belief('s1', 30, 32, 4, no)], null, null],
    ['nobody who goes on believing', [belief('s1', 5, 6, 4), belief('s1', 40, 41, 4)], 40, null],
    ['who no longer believes', [belief('s1', 5, 6, 4), belief('s1', 12, 14, 4, no)], 5, 14],
    ['who believes in a newer lease', [belief('s1', 5, 6, 4), belief('s1', 12, 14, 11)], 5, 14],
    [
      'by the first answer, not by the last',
      [belief('s1', 5, 6, 4), belief('s1', 16, 17, 4, no), belief('s1', 12, 14, 4, no)],
      5,
      14,
    ],
    [
      'after the last belief, not before it',
      [belief('s1', 3, 4, 4, no), belief('s1', 9, 10, 4), belief('s1', 5, 6, 4), belief('s1', 12, 14, 4, no)],
      9,
      14,
    ],
    ['at the very time of the last belief', [belief('s1', 5, 6, 4), belief('s1', 5, 7, 4, no)], 5, 7],
    ['nobody else', [belief('s2', 5, 6, 4), belief('s2', 12, 14, 4, no)], null, null],
    ['not by what another says', [belief('s1', 5, 6, 4), belief('s2', 12, 14, 4, no)], 5, null],
  ])('%s', (_, beliefs, believedAtMs, noticedByMs) => {
    const times = [believedAtMs, noticedByMs].map((ms) => (ms === null ? null : ms * msNs));
    const expected = { ...told, believedAtNs: times[0], noticedByNs: times[1] };
    expect(noticeOf(...beliefs)).toEqual(expected);
    expect(noticeOf(...beliefs.reverse())).toEqual(expected);
  });

  it('is told in a sentence for each of the first three, and how many more there are', () => {
    const four = { s1: 4, s2: 5, s3: 6, s4: 7 };
    const of = (observations: readonly Observation[]) =>
      tellNotices({ operations: [], faults: [], observations });
    expect(of([view(0, 9, four), view(20, 12, {})])).toBe(
      "s1's lease of epoch 4 ended after 0 ns and by 21 ms: it was never heard to believe in it; " +
        "s2's lease of epoch 5 ended after 0 ns and by 21 ms: it was never heard to believe in it; " +
        "s3's lease of epoch 6 ended after 0 ns and by 21 ms: it was never heard to believe in it; " +
        'and 1 more leases ended',
    );
    expect(of([view(0, 9, {}), view(10, 5, { s1: 4 }, { member: 'm2' }), belief('s1', 3, 4, 4)])).toBe(
      "s1's lease of epoch 4 ended by 1 ms: last believed in at 3 ms",
    );
    expect(tellNotices({ operations: [], faults: [] })).toBeUndefined();
  });
});

describe('truth of leases', () => {
  const check = (...observations: Observation[]) =>
    leaseTruth.check({ operations: [], faults: [], observations }, defaultBudget);
  const violations = (...observations: Observation[]) => {
    const verdict = check(...observations);
    return verdict.valid === false ? verdict.violations : [];
  };
  const held = view(0, 5, { s1: 4 });
  const gone = view(20, 9, {});

  it('begins where the answer of the server had come', () => {
    expect(violations(held, gone, belief('s1', 21, 22, 4))).toEqual([]);
    expect(violations(held, gone, belief('s1', 21.5, 22, 4))).toEqual([
      {
        checker: 'lease-truth',
        summary:
          's1 still believed in its lease of epoch 4 at 21.5 ms, at least 0 ms after m1 no longer had it (revision 9, 21 ms)',
        atNs: 21.5 * msNs,
        operations: [],
      },
    ]);
  });

  it('is told once for each lease, by the last belief in it', () => {
    const late = [belief('s1', 30, 31, 4), belief('s1', 90, 91, 4), belief('s1', 60, 61, 4)];
    expect(violations(held, gone, ...late).map(({ atNs }) => atNs)).toEqual([90 * msNs]);
  });

  it('is another thing than who holds a resource', () => {
    expect(check(held, gone, belief('s1', 30, 31, 4, { resource: 'lock' }))).toEqual({
      valid: true,
      operations: 1,
    });
  });

  it('counts what was believed, and says nothing where nobody looked', () => {
    expect(check(held, belief('s1', 1, 2, 4), belief('s1', 3, 4, 4))).toEqual({ valid: true, operations: 2 });
    expect(check(view(0, 5, {}), belief('s1', 1, 2, 4))).toEqual({
      valid: 'unknown',
      operations: 1,
      reason: 'no lease was seen at any member, so beliefs cannot be held against it',
    });
    expect(check(belief('s1', 1, 2, 4, { resource: 'lock' }))).toEqual({ valid: true, operations: 1 });
  });

  const a = (fromMs: number, toMs: number, more: Partial<LeaseBelief> = {}) =>
    belief('a', fromMs, toMs, 1, { resource: 'lock', ...more });
  const b = (fromMs: number, toMs: number, more: Partial<LeaseBelief> = {}) =>
    belief('b', fromMs, toMs, 2, { resource: 'lock', ...more });
  const throughout = { throughout: true };

  test.each<[what: string, x: LeaseBelief, y: LeaseBelief, meet: boolean]>([
    ['two that lasted, one of them into the other', a(0, 10, throughout), b(9, 20, throughout), true],
    ['two that lasted, one after the other', a(0, 10, throughout), b(10, 20, throughout), false],
    ['two that lasted, at the same time', a(0, 10, throughout), b(0, 10, throughout), true],
    ['a moment inside what lasted', a(0, 10, throughout), b(1, 9), true],
    ['a moment that may be at its very beginning', a(0, 10, throughout), b(0, 9), false],
    ['a moment that may be at its very end', a(0, 10, throughout), b(1, 10), false],
    ['a moment that may be before it', a(1, 10, throughout), b(0, 9), false],
    ['a moment that may be after it', a(0, 10, throughout), b(1, 11), false],
    ['two moments', a(0, 10), b(1, 9), false],
    ['one holder twice', a(0, 10, throughout), a(5, 20, { ...throughout, epoch: 3 }), false],
    ['one who no longer believes', a(0, 10, throughout), b(5, 20, { ...throughout, alive: false }), false],
    ['two resources', a(0, 10, throughout), b(5, 20, { ...throughout, resource: 'other' }), false],
  ])('%s', (_, x, y, meet) => {
    for (const given of [
      [x, y],
      [y, x],
    ]) {
      const found = violations(...given);
      expect(found.length).toBe(meet ? 1 : 0);
      if (meet) {
        expect(found[0]).toMatchObject({
          key: 'lock',
          atNs: Math.max(x.askedNs, y.askedNs),
          operations: [],
          summary: expect.stringMatching(
            /^lock: both [ab] \(.* to .*\) and [ab] \(.* to .*\) believed to hold it$/,
          ),
        });
      }
    }
  });

  it('finds who still holds it among many who have let it go', () => {
    const long = a(0, 100, throughout);
    const others = [10, 30, 50].map((ms) => a(ms, ms + 5, { holder: 'a', epoch: 5 }));
    expect(violations(long, ...others, b(60, 70, throughout))).toMatchObject([
      { summary: 'lock: both a (0 ns to 100 ms) and b (60 ms to 70 ms) believed to hold it' },
    ]);
  });
});
