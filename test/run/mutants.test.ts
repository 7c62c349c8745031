import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import type { Cell, PromiseVerdict } from '../../harness/result.ts';
import { runCell } from '../../harness/run-cell.ts';
import { profiles, type Scenario } from '../../harness/scenario.ts';
import { nemesesOf } from '../../harness/schedule.ts';
import { leaderPartition } from '../../scenarios/leader-partition.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';
import { mutants, mutated } from '../../strategies/mutants.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mutants-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** lease-session with a planted bug; undefined is the correct strategy. */
async function cellOf(scenario: Scenario, bug: string | undefined): Promise<Cell> {
  const strategy =
    bug === undefined
      ? strategies.find(({ name }) => name === 'lease-session')!
      : mutated(mutants.find(({ name, strategy }) => name === bug && strategy === 'lease-session')!);
  return runCell({
    scenario,
    strategy,
    // A lost update shows within seconds; a partition needs its whole schedule.
    profile: nemesesOf(scenario.schedule).length > 0 ? profiles.quick : { ...profiles.quick, loadMs: 5_000 },
    seed: 11,
    etcd: await ensureEtcd({ say: () => {} }),
    folder: join(folder, `${scenario.name}-${strategy.name}`),
    relativeFolder: '.',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
}

function verdictOf(cell: Cell, guarantee: string): PromiseVerdict {
  return cell.promises.find((p) => p.promise.guarantee === guarantee)!;
}

/** Few keys and much comparing: where a lost update shows. */
const contended: Scenario = {
  ...steady,
  workload: {
    ...steady.workload,
    keys: 4,
    keyDistribution: { kind: 'uniform' },
    mix: { 'read:linearizable': 40, write: 10, cas: 50 },
  },
};

/** Half of what is asked are linearizable reads of few keys: where an old value shows. */
const partitioned: Scenario = {
  ...leaderPartition,
  workload: {
    ...leaderPartition.workload,
    keys: 8,
    keyDistribution: { kind: 'uniform' },
    mix: { 'read:linearizable': 50, write: 50 },
  },
};

describe('a planted bug is caught by a run, and the strategy without it is not accused', () => {
  test.each([
    ['contended', contended, 'lost-compare'],
    ['leader-partition', partitioned, 'stale-linearizable'],
  ] as const)('%s', { timeout: 120_000 }, async (_, scenario, mutant) => {
    const broken = await cellOf(scenario, mutant);
    expect(broken.reason).toBeUndefined();
    expect(verdictOf(broken, 'linearizable').state).toBe('broken');
    expect(broken.verdict).toBe('broken');
    const violation = broken.violations.find((v) => v.checker === 'linearizability')!;
    expect(violation.summary).toContain(violation.key);
    expect(violation.operations.length).toBeGreaterThan(1);

    // Judged over many operations, though a crowded machine may make a run void: then it is unknown, never broken.
    const correct = await cellOf(scenario, undefined);
    expect(verdictOf(correct, 'linearizable').state).not.toBe('broken');
    expect(verdictOf(correct, 'linearizable').operations).toBeGreaterThan(100);
    expect(correct.violations.filter((v) => v.checker === 'linearizability')).toEqual([]);
  });
});
