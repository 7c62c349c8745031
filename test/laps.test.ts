import { expect, test } from 'vitest';
import { Laps } from '../harness/laps.ts';

test('a step lasts until the next begins, the last one until it is asked; what came twice is told together', () => {
  let nowMs = 0;
  const laps = new Laps(() => nowMs);
  expect(laps.soFar()).toEqual([]);
  for (const [step, ms] of [
    ['start', 10],
    ['load', 100],
    ['start', 5],
    ['end', 7],
  ] as const) {
    laps.begin(step);
    nowMs += ms;
  }
  expect(laps.soFar()).toEqual([
    { step: 'start', ms: 15 },
    { step: 'load', ms: 100 },
    { step: 'end', ms: 7 },
  ]);
});
