import { expect, test } from 'vitest';
import type { Cell } from '../../harness/result.ts';
import type { Hunt } from './bug.ts';
import { huntOf } from './cells.ts';

const violation = {
  checker: 'staleness',
  summary: 'k1: read 1, long overwritten',
  atNs: 1e9,
  operations: [],
} as unknown as Cell['violations'][number];

function cell(verdict: Cell['verdict'], ...states: Cell['promises'][number]['state'][]) {
  const promises = states.map((state) => ({ state })) as unknown as Cell['promises'];
  return { verdict, promises, reason: 'because', violations: [] as Cell['violations'] };
}

test.each<[string, Parameters<typeof huntOf>[0], Hunt]>([
  ['all kept is silence', cell('kept', 'kept', 'kept'), { state: 'silent', note: 'because' }],
  [
    'one promise that could not be judged',
    cell('unknown', 'kept', 'unknown'),
    { state: 'silent', note: 'because' },
  ],
  [
    'a void run proves nothing',
    cell('unknown', 'unknown', 'unknown'),
    { state: 'failed', reason: 'nothing proved: because' },
  ],
  ['a broken harness', cell('error', 'kept'), { state: 'failed', reason: 'because' }],
  [
    'what was seen counts in a void run too',
    { ...cell('broken', 'broken', 'unknown'), violations: [violation] },
    {
      state: 'found',
      sightings: [{ violation: 'staleness', summary: 'k1: read 1, long overwritten', afterMs: 1_000 }],
    },
  ],
])('%s', (_, of, hunt) => {
  expect(huntOf(of)).toEqual(hunt);
});
