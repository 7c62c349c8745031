import { describe, expect, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { splitBrain } from '../../harness/checker/split-brain.ts';
import type { ToldEvent } from '../../harness/history/watch.ts';
import { encodeWatchLine, WatchLines, watchLines } from '../../harness/history/watch-format.ts';
import { ToldRevisions } from '../../harness/watch/told-revisions.ts';

type Telling = readonly [member: string, events: readonly ToldEvent[]];
const put = (revision: number, key: string, value: string): ToldEvent => ({
  revision,
  key,
  kind: 'put',
  value,
});
const gone = (revision: number, key: string): ToldEvent => ({ revision, key, kind: 'delete' });

/** As it is judged: written down, read again. */
function logOf(tellings: readonly Telling[]) {
  const told = new ToldRevisions();
  tellings.forEach(([member, events], i) => {
    told.add(member, { atNs: i, revision: 0, kind: 'events', events });
  });
  const lines = new WatchLines();
  const log = told.between(1, told.furthest);
  for (const line of watchLines({ log, watchers: [] }))
    lines.add(JSON.parse(encodeWatchLine(line)) as Parameters<WatchLines['add']>[0]);
  const history = lines.finish();
  if (typeof history !== 'object') throw new Error(`no history: ${history}`);
  return history;
}

function judged(tellings: readonly Telling[]) {
  const watches = logOf(tellings);
  return splitBrain.check(
    {
      operations: [],
      faults: [],
      watches,
      observations: [{ kind: 'log', member: 'm1', lines: 1, serious: [], elections: [{ id: 'a', term: 2 }] }],
    },
    defaultBudget,
  );
}

describe('what members tell of one revision', () => {
  const accepted: [name: string, tellings: Telling[]][] = [
    [
      'is one thing',
      [
        ['m1', [put(2, 'a', '1')]],
        ['m2', [put(2, 'a', '1')]],
      ],
    ],
    [
      'is a delete of both',
      [
        ['m1', [gone(3, 'a')]],
        ['m2', [gone(3, 'a')]],
      ],
    ],
    [
      'is of several keys',
      [
        ['m1', [put(2, 'a', '1'), put(2, 'b', '2')]],
        ['m2', [put(2, 'b', '2')]],
      ],
    ],
    [
      'is told again after a reconnect',
      [
        ['m1', [put(2, 'a', '1')]],
        ['m1', [put(2, 'a', '1'), put(3, 'a', '2')]],
      ],
    ],
    [
      'is told by one alone',
      [
        ['m1', [put(2, 'a', '1')]],
        ['m2', [put(3, 'a', '2')]],
      ],
    ],
    [
      'is another of another revision',
      [
        ['m1', [put(2, 'a', '1')]],
        ['m2', [put(4, 'a', '9')]],
      ],
    ],
  ];
  test.each(accepted)('%s: no fork', (_, tellings) => {
    expect(judged(tellings).valid).toBe(true);
    expect(logOf(tellings).log.forks).toBeUndefined();
  });

  const rejected: [name: string, tellings: Telling[], told: string][] = [
    [
      'two values',
      [
        ['m1', [put(9, 'a', '5')]],
        ['m3', [put(9, 'a', '6')]],
      ],
      'm1 told "5", and m3 told "6"',
    ],
    [
      'a value and a delete',
      [
        ['m1', [put(9, 'a', '5')]],
        ['m3', [gone(9, 'a')]],
      ],
      'm1 told "5", and m3 told a delete',
    ],
    [
      'a delete and a value',
      [
        ['m1', [gone(9, 'a')]],
        ['m3', [put(9, 'a', '')]],
      ],
      'm1 told a delete, and m3 told ""',
    ],
    [
      'a value of the third',
      [
        ['m1', [put(9, 'a', '5')]],
        ['m2', [put(9, 'a', '5')]],
        ['m3', [put(9, 'a', '6')]],
      ],
      'm1 told "5", and m3 told "6"',
    ],
    [
      'one of two keys',
      [
        ['m1', [put(9, 'b', '1'), put(9, 'a', '5')]],
        ['m2', [put(9, 'b', '1'), put(9, 'a', '6')]],
      ],
      'm1 told "5", and m2 told "6"',
    ],
    [
      'one member, before its death and after',
      [
        ['m1', [put(9, 'a', '5')]],
        ['m1', [put(9, 'a', '6')]],
      ],
      'm1 told "5", and m1 told "6"',
    ],
  ];
  test.each(rejected)('%s: a fork', (_, tellings, told) => {
    const verdict = judged(tellings);
    expect(verdict.valid === false && verdict.violations.map(({ summary }) => summary)).toEqual([
      `a: revision 9 has two contents: ${told}`,
    ]);
    // What was told first stays in the log.
    expect(logOf(tellings).log.events.find(({ key }) => key === 'a')?.atNs).toBe(0);
  });

  test('of a member that went its own way the first few forks are kept', () => {
    const way = (value: string) => Array.from({ length: 50 }, (_, i) => put(i + 2, 'a', value));
    expect(
      logOf([
        ['m1', way('1')],
        ['m2', way('2')],
      ]).log.forks,
    ).toHaveLength(10);
  });
});
