import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareRuns } from '../../harness/measure/run-comparison.ts';
import { projectRoot } from '../../harness/project.ts';
import type { Result } from '../../harness/result.ts';
import { readRuns } from '../../reports/render.ts';
import type { PairRun } from './pairs.ts';

// Real runs, as test/reports/record-pairs.ts has left them; the command, versions and machine stand in their manifests.
// The machine was busy with other things for most of them: p50 lay between 13 and 65 ms.
const folder = join(projectRoot, 'test', 'reports', 'fixtures', 'pairs');

async function recorded(run: PairRun): Promise<Result> {
  const [result] = await readRuns(join(folder, run));
  return result!;
}

let [base, same]: Result[] = [];
beforeAll(async () => {
  [base, same] = await Promise.all([recorded('base'), recorded('same')]);
});

/** What `faultline compare` would call different, of every metric. */
function differences(before: Result, after: Result) {
  return compareRuns([before], [after])
    .cells.flatMap(({ rows }) => rows)
    .filter(({ judgement }) => judgement === 'better' || judgement === 'worse');
}

const only = (result: Result, rounds: readonly number[]): Result => ({
  ...result,
  cells: result.cells.filter((_, i) => rounds.includes(i)),
});

describe('20 pairs of identical runs', () => {
  // Of one pair nothing is said of a latency: this is about what does not depend on the clock.
  test('at most one pair is called different', () => {
    expect([base!.cells.length, same!.cells.length]).toEqual([20, 20]);
    const called = base!.cells.flatMap((_, i) => differences(only(base!, [i]), only(same!, [i])).slice(0, 1));
    expect(called.length, JSON.stringify(called)).toBeLessThanOrEqual(1);
  });

  test('together, and by tens, nothing is', () => {
    const tens = (from: number) => Array.from({ length: 10 }, (_, i) => from + i);
    expect(differences(base!, same!)).toEqual([]);
    for (const rounds of [tens(0), tens(10)])
      expect(differences(only(base!, rounds), only(same!, rounds))).toEqual([]);
  });

  test('the usual gates pass', () => {
    expect(compareRuns([base!], [same!])).toMatchObject({ state: 'passed', warnings: [] });
  });
});
