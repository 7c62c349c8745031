import { describe, expect, test } from 'vitest';
import type { Hunt } from './bug.ts';
import { type ControlRow, type CorpusRow, detectedAfterMs, exitCodeOf, tableOf } from './table.ts';

const sighting = { violation: 'staleness', summary: 'k1: read 1, long overwritten', afterMs: 900 };
const found: Hunt = { state: 'found', sightings: [{ ...sighting, afterMs: 1_200 }, sighting] };
const other: Hunt = { state: 'found', sightings: [{ ...sighting, violation: 'progress' }] };
const silent: Hunt = { state: 'silent' };
const failed: Hunt = { state: 'failed', reason: 'm1 did not start' };

function row(...hunts: Hunt[]): CorpusRow {
  const seeds = hunts.map((hunt, i) => ({ seed: i + 1, hunt }));
  return { name: 'lost', kind: 'mutant', scenario: 'steady', violation: 'staleness', hunts: seeds };
}

function control(hunt: Hunt): ControlRow {
  return { name: 'steady, lease-session', seed: 1, hunt };
}

describe('exitCodeOf', () => {
  test.each<[string, CorpusRow[], ControlRow[], 0 | 1 | 3]>([
    ['all found, nothing else', [row(found, found)], [control(silent)], 0],
    ['missed with one seed', [row(found, silent)], [], 1],
    ['named by another checker only', [row(other)], [], 1],
    ['a false alarm', [row(found)], [control(found)], 1],
    ['healthy runs alone', [], [control(silent)], 0],
    ['the environment broke under a bug', [row(failed)], [control(silent)], 3],
    ['the environment broke under a control', [row(found)], [control(failed)], 3],
    ['missed, and the environment broke too', [row(failed, silent)], [], 1],
    ['nothing was run', [], [], 3],
  ])('%s', (_, rows, controls, code) => {
    expect(exitCodeOf(rows, controls)).toBe(code);
  });
});

test('detection counts from the first sighting by the checker that should see it', () => {
  expect([found, other, silent, failed].map((hunt) => detectedAfterMs(hunt, 'staleness'))).toEqual([
    900,
    undefined,
    undefined,
    undefined,
  ]);
});

test('the table tells seeds and times, and what was told where nothing is wrong', () => {
  const told = tableOf([row(found, silent)], [control(silent), control(found), control(failed)]);
  expect(told).toContain('NO');
  expect(told).toContain('1 of 2');
  expect(told).toContain('0.9');
  expect(told).toContain('1 of 3 runs without a bug were silent');
  expect(told).toContain('steady, lease-session, seed 1: k1: read 1, long overwritten');
  expect(told).toContain('failed: m1 did not start');
});

test('a run that could not be judged in full is not counted as if it had been', () => {
  const partly: Hunt = { state: 'silent', note: 'the steady state did not hold' };
  expect(tableOf([], [control(silent), control(partly)])).toBe(
    '2 of 2 runs without a bug were silent, of 1 not every promise could be judged',
  );
});
