import { describe, expect, test } from 'vitest';
import { defaultBudget } from '../../../harness/checker/checker.ts';
import { memberWatches, serviceWatches } from '../../../harness/checker/watch/watch.ts';
import type { WatchHistory } from '../../../harness/history/watch.ts';
import { judge } from '../../../harness/judge.ts';
import type { Result } from '../../../harness/result.ts';
import { renderHtml } from '../../../reports/html/page.ts';
import { renderMarkdown } from '../../../reports/markdown.ts';
import { renderTerminal } from '../../../reports/terminal.ts';
import { fixture } from '../../reports/fixture.ts';
import { history } from './build.ts';

/** Something for each of the nine: a list of two, previous values, a creation, progress, a revision to begin at. */
const sound = {
  log: 'a1 a2 b2 a3x a4',
  told: 'C0 a1+ (a2~1<1 b2+) a3x<2 a4+ P4',
  asked: { startRevision: 1, prevKv: true },
  settledTo: 4,
} as const;

function at(member: string | undefined, given: Parameters<typeof history>[0], name = 'w'): WatchHistory {
  const { watchers, ...rest } = history(given);
  return {
    ...rest,
    watchers: watchers.map((one) => ({ ...one, name, ...(member !== undefined && { atMember: member }) })),
  };
}

const both = (one: WatchHistory, other: WatchHistory): WatchHistory => ({
  ...one,
  watchers: [...one.watchers, ...other.watchers],
});

const given = (watches: WatchHistory) => ({ operations: [], faults: [], watches });

describe('watchers at the members and those of the service are judged apart', () => {
  const wrong = { ...sound, told: `${sound.told} a4` };

  test.each([
    ['both sound', both(at('m1', sound), at(undefined, sound, 's1')), true, true],
    ['a member told something twice', both(at('m1', wrong), at(undefined, sound, 's1')), false, true],
    ['the service heard something twice', both(at('m1', sound), at(undefined, wrong, 's1')), true, false],
    ['nobody beside the service', at(undefined, sound, 's1'), 'unknown', true],
    ['nobody but beside the service', at('m1', sound), true, 'unknown'],
  ] as const)('%s', (_, watches, ofMembers, ofService) => {
    const found = memberWatches.check(given(watches), defaultBudget);
    expect(found.valid).toBe(ofMembers);
    expect(serviceWatches(['ordered', 'unique', 'reliable']).check(given(watches), defaultBudget).valid).toBe(
      ofService,
    );
    if (found.valid === false)
      expect(found.violations).toEqual([expect.objectContaining({ checker: 'member-watches' })]);
  });

  test('all nine guarantees have to be shown by something', () => {
    const watches = at('m1', { ...sound, asked: { startRevision: 1 } });
    expect(memberWatches.check(given(watches), defaultBudget)).toMatchObject({ valid: 'unknown' });
  });
});

describe('what a known issue of the running version explains', () => {
  // The delete on the edge of the compaction is lost (#18089), and the last event, which nothing explains.
  const lost = (etcdVersion: string) =>
    at('m2', {
      log: 'a1 a2 a3x a4 b5',
      told: 'C5 a4+',
      asked: { startRevision: 3 },
      compactions: [3],
      settledTo: 5,
      etcdVersion,
    });
  const judged = (etcdVersion: string) =>
    judge({ ...given(lost(etcdVersion)) }, [{ guarantee: 'member-watches' }]);

  test('is named in the note, and what it does not explain comes first', () => {
    const { verdicts, violations } = judged('3.4.23');
    expect(violations.map(({ key, knownIssue }) => [key, knownIssue?.slice(0, 18)])).toEqual([
      ['b', undefined],
      ['a', 'etcd-io/etcd#18089'],
    ]);
    expect(verdicts[0]).toMatchObject({
      state: 'broken',
      violations: 2,
      note: expect.stringMatching(
        /^1 of 2 match known issues of etcd 3\.4\.23: etcd-io\/etcd#18089 .* once$/,
      ),
    });
  });

  test('is not named for a version without it, and is found all the same', () => {
    const { verdicts, violations } = judged('3.6.16');
    expect(violations.map(({ knownIssue }) => knownIssue)).toEqual([undefined, undefined]);
    expect(verdicts[0]).not.toHaveProperty('note');
  });

  test('stands in every report of a stored result', () => {
    const { verdicts, violations } = judged('3.4.23');
    const [cell, ...cells] = fixture().cells;
    const broken = { ...cell!, verdict: 'broken' as const, promises: verdicts, violations };
    // As it is read back from the file.
    const result = JSON.parse(JSON.stringify({ ...fixture(), cells: [broken, ...cells] })) as Result;
    const note = '1 of 2 match known issues of etcd 3.4.23: etcd-io/etcd#18089';
    expect(renderTerminal(result, { columns: 200, color: false })).toContain(note);
    expect(renderMarkdown(result).replaceAll('\\', '')).toContain(note);
    expect(renderHtml(result)).toContain(note);
  });
});
