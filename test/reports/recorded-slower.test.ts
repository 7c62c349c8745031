import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareRuns } from '../../harness/measure/run-comparison.ts';
import { projectRoot } from '../../harness/project.ts';
import type { Result } from '../../harness/result.ts';
import { readRuns } from '../../reports/render.ts';
import type { PairRun } from './pairs.ts';

// Real runs, as test/reports/record-pairs.ts has left them; the command, versions and machine stand in their manifests.
const folder = join(projectRoot, 'test', 'reports', 'fixtures', 'slower');

async function recorded(run: PairRun): Promise<Result> {
  const [result] = await readRuns(join(folder, run));
  return result!;
}

let [base, slow]: Result[] = [];
beforeAll(async () => {
  [base, slow] = await Promise.all([recorded('base'), recorded('slow')]);
});

const only = (result: Result, rounds: readonly number[]): Result => ({
  ...result,
  cells: result.cells.filter((_, i) => rounds.includes(i)),
});

describe('10 pairs of which the second is about 20 % slower', () => {
  const first = (pairs: number) => Array.from({ length: pairs }, (_, i) => i);
  const p50 = (pairs: number) => {
    const [cell] = compareRuns([only(base!, first(pairs))], [only(slow!, first(pairs))], ['p50']).cells;
    return cell!.rows.find(({ metric }) => metric === 'p50')!;
  };

  test.each([8, 10])('%i pairs are enough to call p50 slower', (pairs) => {
    const { judgement, effect } = p50(pairs);
    expect(judgement).toBe('worse');
    expect(effect).toBeGreaterThan(0.1);
    expect(effect).toBeLessThan(0.3);
  });

  test('seven say nothing', () => expect(p50(7).judgement).toBe('not enough data'));

  test('back again is faster', () => {
    const back = compareRuns([slow!], [base!]).cells[0]!.rows;
    expect(back.find(({ metric }) => metric === 'p50')!.judgement).toBe('better');
  });
});
