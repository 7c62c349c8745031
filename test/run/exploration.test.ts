import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { readHistory } from '../../harness/history/read-history.ts';
import type { ToldEvent, WatcherHistory, WatchHistory } from '../../harness/history/watch.ts';
import { judge } from '../../harness/judge.ts';
import type { Cell } from '../../harness/result.ts';
import { runCell } from '../../harness/run-cell.ts';
import { profiles } from '../../harness/scenario.ts';
import { planned } from '../../harness/schedule.ts';
import { etcdExploration } from '../../scenarios/etcd-exploration.ts';
import { strategies } from '../../strategies/list.ts';
import { isBefore } from '../corpus/etcd-issue.ts';
import { lostDelete } from '../corpus/etcd-issues/lost-delete.ts';

let folder: string;
let etcd: Awaited<ReturnType<typeof ensureEtcd>>;
let cell: Cell;
let watches: WatchHistory;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exploration-cell-'));
  etcd = await ensureEtcd({ say: () => {} });
  cell = await runCell({
    scenario: etcdExploration,
    strategy: strategies.find(({ name }) => name === 'lease-session')!,
    profile: profiles.quick,
    seed: 3,
    etcd,
    folder,
    relativeFolder: '.',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  watches = (await readHistory(join(folder, 'history.jsonl'))).watches!;
}, 150_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const judged = (history: WatchHistory) =>
  judge({ operations: [], faults: [], watches: history }, [{ guarantee: 'member-watches' }]);

/** What no known issue of the running version explains. */
const unexplained = (history: WatchHistory) =>
  judged(history).violations.filter(({ knownIssue }) => knownIssue === undefined);

test('as etcd is, nothing is broken but by known issues of the version', () => {
  expect(cell.verdict, cell.reason).not.toBe('error');
  const steps = planned(etcdExploration, profiles.quick, 3);
  expect(cell.faults.map(({ nemesis }) => nemesis).sort()).toEqual(
    steps.map(({ nemesis }) => nemesis.name).sort(),
  );
  expect(cell.violations.filter(({ knownIssue }) => knownIssue === undefined)).toEqual([]);
  // A crowded machine may make a run void; every guarantee was judged all the same.
  expect(judged(watches).verdicts[0]!.state).not.toBe('unknown');
  expect(judged(watches).verdicts[0]!.operations).toBeGreaterThan(1_000);
});

test('watchers of every kind were told something, at every member, over many streams, across compactions', () => {
  const told = watches.watchers.filter((one) => one.told.some(({ kind }) => kind === 'events'));
  for (const kind of ['past', 'anew', 'now', 'future', 'key', 'prev-kv', 'no-puts', 'no-deletes'])
    for (const member of ['m1', 'm2', 'm3'])
      expect(
        told.some(({ name }) => name.startsWith(`${kind}@${member}`)),
        `${kind}@${member}`,
      ).toBe(true);
  expect(told.some(({ name }) => / \d{2,}$/.test(name))).toBe(true);
  expect(told.some(({ told }) => told.some(({ kind }) => kind === 'progress'))).toBe(true);
  const ends = watches.watchers.flatMap(({ told }) => told.filter(({ kind }) => kind === 'canceled'));
  expect(ends.some((end) => end.kind === 'canceled' && end.compactRevision > 0)).toBe(true);
  expect(watches.log.compactions.length).toBeGreaterThan(0);
});

describe('a fault that is planted into what one watcher was told is found', () => {
  /** The watcher that was told the most after the last compaction. */
  const struck = () => {
    const compacted = Math.max(...watches.log.compactions);
    const late = ({ told }: WatcherHistory) =>
      told.filter((one) => one.kind === 'events' && one.events[0]!.revision > compacted).length;
    return watches.watchers
      .filter(({ name }) => name.startsWith('prev-kv@'))
      .reduce((most, one) => (late(one) > late(most) ? one : most));
  };
  /** Its last list but one, whose event no compaction explains away. */
  const planted = (change: (events: readonly ToldEvent[]) => readonly ToldEvent[]): WatchHistory => {
    const victim = struck();
    const lists = victim.told.filter(({ kind }) => kind === 'events');
    const list = lists.at(-2)!;
    const told = victim.told.flatMap((one) => {
      if (one !== list || one.kind !== 'events') return [one];
      const events = change(one.events);
      return events.length === 0 ? [] : [{ ...one, events }];
    });
    return {
      ...watches,
      watchers: watches.watchers.map((one) => (one === victim ? { ...victim, told } : one)),
    };
  };

  test.each<[string, string, (events: readonly ToldEvent[]) => readonly ToldEvent[]]>([
    ['a list that never came', 'reliable', () => []],
    ['an event told twice', 'unique', (events) => [...events, events.at(-1)!]],
    [
      'what the key had held before is not what it had',
      'prev-kv',
      (events) => events.map((one) => ({ ...one, prev: { revision: 1, value: 'never' } })),
    ],
  ])('%s breaks %s', (_, guarantee, change) => {
    expect(unexplained(watches)).toEqual([]);
    const found = judged(planted(change)).violations.filter(({ summary }) =>
      summary.endsWith(`(breaks ${guarantee})`),
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.summary).toContain(struck().name);
  });
});

test('a known issue that a script shows is named by the same judging', {
  timeout: 60_000,
}, async ({ skip }) => {
  if (!isBefore(etcd.version, lostDelete.mendedIn)) skip(`etcd ${etcd.version} is without the issue`);
  const seen = await lostDelete.run('issue');
  const { verdicts, violations } = judged({
    ...seen,
    etcdVersion: etcd.version,
    watchers: seen.watchers.map((one) => ({ ...one, atMember: 'm1' })),
  });
  expect(violations.map(({ knownIssue }) => knownIssue)).toEqual([expect.stringContaining(lostDelete.issue)]);
  expect(verdicts[0]!.note).toContain(`1 of 1 match known issues of etcd ${etcd.version}`);
});
