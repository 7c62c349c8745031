import { describe, expect, test } from 'vitest';
import { measuredRounds, type Round, tableOf } from '../../scenarios/write-serialisation.ts';

const round = (lost: Record<string, number>, ms: Record<string, number>): Round =>
  new Map(Object.keys(lost).map((way) => [way, { lost: lost[way]!, burstMs: [ms[way]!, 1, 1] }]));
const lost = { noop: 99, mutex: 0, channel: 0 };

describe('the table of write-serialisation', () => {
  test.each([
    ['the race is shown and removed', lost, 'kept'],
    ['one that should keep writes apart does not', { ...lost, channel: 1 }, 'broken'],
    ['a race that was not shown proves nothing', { ...lost, noop: 0 }, 'unknown'],
    ['a loss is a loss, whether the race was shown or not', { noop: 0, mutex: 0, channel: 3 }, 'broken'],
  ] as const)('%s', (_, lost, state) => {
    const table = tableOf([round(lost, { noop: 1, mutex: 2, channel: 3 })]);
    expect(table.state).toBe(state);
    expect(table.reason === undefined).toBe(state === 'kept');
  });

  test('figures are medians over the rounds, and losses their sum', () => {
    const table = tableOf([2, 4, 9].map((mutex) => round(lost, { noop: 1, mutex, channel: 5 })));
    expect(table.rows.map(({ name, figures }) => [name, figures.slice(0, 2)])).toEqual([
      ['noop', [297, { median: 1, min: 1, max: 1 }]],
      ['mutex', [0, { median: 4, min: 2, max: 9 }]],
      ['channel', [0, { median: 5, min: 5, max: 5 }]],
    ]);
    for (const { figures } of table.rows) expect(figures).toHaveLength(table.headings.length);
  });

  test('who is the quickest is told only if it is so in every round', () => {
    const told = (...mutex: number[]) =>
      tableOf(mutex.map((ms) => round(lost, { noop: 0, mutex: ms, channel: 5 }))).conclusions[1];
    expect(told(2, 4, 3)).toContain('mutex is the quickest for 100 writes of nothing in each of 3 rounds');
    expect(told(2, 9, 3)).toContain('cannot be told');
    expect(told(9, 9)).toContain('channel is the quickest');
  });
});

test('measured here: without serialisation increments are lost, with any of the three ways none', async () => {
  const { signal } = new AbortController();
  const table = tableOf(await measuredRounds({ rounds: 2, share: 0.01, signal }));
  expect(table.rows.map(({ name }) => name)).toEqual(['noop', 'mutex', 'read-write-lock', 'channel']);
  expect(table.state).toBe('kept');
  expect(table.rows.map(({ figures }) => figures[0])).toEqual([198, 0, 0, 0]);
});

test('an abort ends it', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(measuredRounds({ rounds: 2, share: 0.01, signal })).rejects.toThrow('enough');
});
