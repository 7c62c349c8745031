import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodeOf, exitCodes } from '../../harness/cli/exit-code.ts';
import { runCell } from '../../harness/run-cell.ts';
import { profiles } from '../../harness/scenario.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';

test('a cell that was interrupted before its load is unknown, and nothing of the environment broke', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'interrupted-test-'));
  try {
    const cell = await runCell({
      scenario: steady,
      strategy: strategies[0]!,
      profile: profiles.quick,
      seed: 1,
      // Never started: the signal is seen before.
      etcd: { path: '/nowhere/etcd', version: '0.0.0' },
      folder,
      relativeFolder: 'cells/it',
      signal: AbortSignal.abort(),
      onProgress() {},
    });
    expect(cell).toMatchObject({ verdict: 'unknown', reason: 'interrupted before the load began' });
    expect(new Set(cell.promises.map((promise) => promise.state))).toEqual(new Set(['unknown']));
    expect(exitCodeOf({ cells: [cell], manifest: { interrupted: true } as never })).toBe(exitCodes.unknown);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
