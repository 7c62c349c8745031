import { expect, test } from 'vitest';
import { compareRuns } from '../../harness/measure/run-comparison.ts';
import { parseResult } from '../../reports/validate.ts';
import { fixture } from './fixture.ts';
import { recordedFile, roundsOf } from './pairs.ts';

test('each round begins with another run, and the slow ones come in the first', () => {
  expect(roundsOf({ pairs: 4, slow: 3 })).toEqual([
    ['base', 'same', 'slow'],
    ['same', 'slow', 'base'],
    ['slow', 'base', 'same'],
    ['same', 'base'],
  ]);
});

test('what is recorded of a run is a result, and compares as the whole of it does', () => {
  const [base, next] = [fixture({ seed: 1 }), fixture({ seed: 2 })];
  const recorded = [base, next].map(({ manifest, cells }) => {
    const text = recordedFile(manifest, cells);
    // Fifty cells are committed.
    expect(text.length / cells.length).toBeLessThan(8_000);
    return parseResult(text, 'recorded');
  });
  expect(compareRuns([recorded[0]!], [recorded[1]!])).toEqual(compareRuns([base], [next]));
});
