import { describe, expect, test } from 'vitest';
import type { FaultWindow } from '../../harness/history/operation.ts';
import type { LogEvent, ToldEvent, WatchTold } from '../../harness/history/watch.ts';
import { watchLag as measured, watchTable } from '../../harness/measure/watch-lag.ts';
import type { Cell, WatchRow } from '../../harness/result.ts';
import { cellsOf } from '../../harness/run.ts';
import { watchLag } from '../../scenarios/watch-lag.ts';
import { variants } from '../../strategies/list.ts';

const ms = 1e6;
const plan = { lateMs: 100, conditions: { slow: 'loaded', cut: 'partition', flap: 'partition' } };
const window = (nemesis: string, fromMs: number, toMs: number): FaultWindow => ({
  nemesis,
  sentence: nemesis,
  targets: [],
  fromNs: fromMs * ms,
  toNs: toMs * ms,
});
const faults = [
  window('cut', 200, 250),
  window('slow', 100, 150),
  window('other', 50, 60),
  window('flap', 260, 270),
];

/** A put of its own key at each revision, first told at so many milliseconds. */
const log = (...atMs: number[]): LogEvent[] =>
  atMs.map((at, i) => ({ revision: i + 1, key: `k${i}`, kind: 'put', atNs: at * ms }));
const told = (atMs: number, ...revisions: (number | `${number}*`)[]): WatchTold => ({
  kind: 'events',
  atNs: atMs * ms,
  revision: 0,
  events: revisions.map((text): ToldEvent => {
    const revision = Number.parseInt(String(text), 10);
    const compared = String(text).endsWith('*') ? { compared: true } : {};
    return { revision, key: `k${revision - 1}`, kind: 'put', ...compared };
  }),
});

function rows(events: readonly LogEvent[], ...watchers: readonly (readonly WatchTold[])[]): WatchRow[] {
  return measured({
    watches: {
      log: { fromRevision: 1, toRevision: events.length, allKeys: true, events, compactions: [] },
      watchers: watchers.map((one, i) => ({
        name: `s${i}`,
        asked: { key: '', prefix: true, startRevision: 1 },
        told: one,
      })),
    },
    faults,
    plan,
    fromNs: 0,
    toNs: 1_000 * ms,
  });
}

const none = { duplicated: 0, outOfOrder: 0, late: 0, repaired: 0, missed: 0 };

describe('what watches told', () => {
  test('is cut by the fault that began last before a change was made', () => {
    const all = rows(log(0, 60, 100, 180, 200, 400), [told(500, 1, 2, 3, 4, 5, 6)]);
    expect(all.map(({ condition, changes, delayP50Ms }) => [condition, changes, delayP50Ms])).toEqual([
      ['normal', 2, 440],
      ['loaded', 2, 320],
      ['partition', 2, 100],
    ]);
  });

  test.each<[string, WatchTold[], Partial<WatchRow>]>([
    ['in time', [told(5, 1), told(12, 2), told(20, 3)], { delayP50Ms: 2, delayP99Ms: 5 }],
    ['before the observer was', [told(0, 1, 2, 3)], { delayP50Ms: 0, delayP99Ms: 0 }],
    ['one never', [told(5, 1), told(20, 3)], { missed: 1 }],
    ['none', [], { missed: 3, delayP50Ms: null, delayP99Ms: null }],
    ['one twice', [told(5, 1), told(12, 1, 2), told(20, 3)], { duplicated: 1 }],
    ['one out of order', [told(5, 1), told(20, 3), told(21, 2)], { outOfOrder: 1 }],
    ['one late', [told(5, 1), told(12, 2), told(120.5, 3)], { late: 1 }],
    ['just in time', [told(100, 1), told(110, 2), told(120, 3)], { late: 0 }],
    ['one by a comparison', [told(5, 1), told(20, 3), told(21, '2*')], { repaired: 1 }],
    [
      'again after a comparison',
      [told(5, 1), told(20, 3), told(21, '2*', 2)],
      { repaired: 1, duplicated: 1 },
    ],
  ])('%s', (_, given, expected) => {
    const [row] = rows(log(0, 10, 20), given);
    expect(row).toMatchObject({ condition: 'normal', changes: 3, ...none, ...expected });
  });

  test('counts each watcher, and only what was made during the load and asked for', () => {
    const given = [told(5, 1), told(12, 2), told(20, 3)];
    expect(rows(log(0, 10, 20), given, [])[0]).toMatchObject({ changes: 6, missed: 3 });
    expect(rows(log(-5, 10, 2_000), given)[0]).toMatchObject({ changes: 1, missed: 0 });
  });
});

describe('the table', () => {
  const row = (condition: string, over: Partial<WatchRow> = {}): WatchRow => ({
    condition,
    changes: 100,
    ...none,
    delayP50Ms: 10,
    delayP99Ms: 50,
    ...over,
  });
  const cell = (strategy: string, round: number, watches: WatchRow[], verdict: Cell['verdict'] = 'kept') =>
    ({ scenario: 'x', strategy, round, verdict, watches }) as Partial<Cell> as Cell;
  const table = (cells: readonly Cell[]) =>
    watchTable({
      scenario: 'x',
      plan: {
        ...plan,
        strategies: ['raw', 'careful'],
        rounds: 2,
        published: { by: 'a book', rows: { loaded: { delay: '200 ms', wrong: '8 %' } } },
      },
      cells,
    });
  const conditions = ['normal', 'loaded', 'partition'];
  const healthy = conditions.map((condition) => row(condition));

  test('adds counts up, and keeps delays apart by round', () => {
    const wrong = conditions.map((condition) => row(condition, { missed: 3, late: 1, delayP50Ms: 30 }));
    const { rows, state, note, conclusions } = table([
      cell('raw', 1, healthy),
      cell('careful', 1, healthy),
      cell('careful', 2, healthy),
      cell('raw', 2, wrong, 'broken'),
    ]);
    expect(state).toBe('kept');
    expect(note).toMatch(/^Counts over 2 of 2 rounds.*a book\.$/);
    expect(rows.map(({ name }) => name)).toEqual(
      conditions.flatMap((condition) => [`${condition} · raw`, `${condition} · careful`]),
    );
    expect(rows[0]!.figures).toEqual([
      200,
      { median: 20, min: 10, max: 30 },
      { median: 50, min: 50, max: 50 },
      ...[3, 0, 0, 1, 0],
    ]);
    expect(conclusions[1]).toBe(
      'loaded (published: 200 ms, 8 % wrong): raw missed 3, told late 1 of 200 (2.0 %); careful nothing wrong of 200. Late is over 100 ms.',
    );
  });

  test('leaves out rounds that the harness broke, or in which the load was not what was asked for', () => {
    const cells = [cell('raw', 1, healthy), cell('careful', 1, healthy), cell('raw', 2, healthy)];
    expect(table([...cells, cell('careful', 2, healthy, 'unknown')]).note).toContain('1 of 2 rounds');
    const nothing = table([cell('raw', 1, healthy, 'error'), cell('careful', 1, healthy)]);
    expect(nothing).toMatchObject({ state: 'unknown', reason: expect.any(String), conclusions: [] });
    expect(nothing.rows[0]!.figures.slice(0, 2)).toEqual([0, null]);
  });
});

test('watch-lag runs each way of watching once a round, and names what there is', () => {
  const { strategies, rounds, conditions, published } = watchLag.watching!;
  const known = strategies.map((name) => variants.find((one) => one.name === name)!);
  expect(cellsOf(watchLag, known).map(({ round, strategy }) => `${round} ${strategy.name}`)).toHaveLength(
    rounds * strategies.length,
  );
  expect(Object.keys(published.rows)).toEqual(['normal', ...new Set(Object.values(conditions))]);
  const steps = watchLag.schedule as readonly { nemesis: { name: string } }[];
  expect(steps.map(({ nemesis }) => nemesis.name)).toEqual(Object.keys(conditions));
  // Every way but the library's own promises that nothing is missed, repeated or out of order.
  for (const { name, promises } of known)
    expect(promises(1).some(({ guarantee }) => guarantee === 'watch')).toBe(name !== 'watch-raw');
});
