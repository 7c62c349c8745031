import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { runCell } from '../../harness/run-cell.ts';
import { profiles } from '../../harness/scenario.ts';
import { transactions } from '../../scenarios/transactions.ts';
import { strategies } from '../../strategies/list.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transactions-cell-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const promised = ['strict-serializability', 'atomic-visibility', 'kept-sums'];

test('lease-session keeps transactions whole while the leader is cut off and an instance is killed', {
  timeout: 120_000,
}, async () => {
  const cell = await runCell({
    scenario: transactions,
    strategy: strategies.find(({ name }) => name === 'lease-session')!,
    profile: profiles.quick,
    seed: 7,
    etcd: await ensureEtcd({ say: () => {} }),
    folder,
    relativeFolder: '.',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const judged = cell.promises.filter(({ promise }) => promised.includes(promise.guarantee));
  expect(judged.length).toBe(promised.length);
  // A crowded machine may make a run void: then it is unknown, never broken, and every transaction was judged.
  for (const { state, operations } of judged) {
    expect(state).not.toBe('broken');
    expect(operations).toBeGreaterThan(100);
  }
  expect(cell.violations).toEqual([]);
});
