import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultBudget } from './checker/checker.ts';
import { clockFrom } from './clock.ts';
import { readHistory } from './history/read-history.ts';
import { judge } from './judge.ts';
import { saturate } from './load/saturate.ts';
import type { Workload } from './load/workload.ts';
import type { OriginalToxiproxy } from './network/toxiproxy/original.ts';
import { createSupervisor } from './process/supervisor.ts';
import type { PromiseVerdict, SaturationRow } from './result.ts';
import type { Profile } from './scenario.ts';
import type { Promised, StrategyDescription } from './service/strategy.ts';
import { startStack } from './stack.ts';

export interface SaturationOptions {
  readonly strategy: StrategyDescription;
  readonly connections: readonly number[];
  /** Of load for each number of connections. */
  readonly seconds: number;
  readonly members: 1 | 3 | 5 | 7;
  readonly workload: Workload;
  readonly profile: Profile;
  readonly seed: number;
  readonly etcd: { readonly path: string; readonly version: string };
  readonly toxiproxy?: OriginalToxiproxy;
  readonly databaseUrl?: string;
  /** Where history and logs go. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What a closed loop without faults and without final reads can show at all. */
const judgeable: readonly Promised['guarantee'][] = [
  'linearizable',
  'bounded-staleness',
  'read-your-writes',
  'monotonic-reads',
];

/**
 * Finds one strategy's ceiling: one instance, closed loop, no faults. Every answer is recorded and checked; a
 * strategy that is fast because it is wrong is told as broken. Throws what the environment broke.
 */
export async function runSaturation(options: SaturationOptions): Promise<readonly SaturationRow[]> {
  const { strategy, signal, folder } = options;
  const logs = join(folder, 'logs');
  const historyPath = join(folder, 'history.jsonl');
  await mkdir(logs, { recursive: true });
  // As in a cell: what an earlier run left there is no part of this one.
  await rm(historyPath, { force: true });
  const measured = await measureCeiling();
  const { operations } = await readHistory(historyPath);
  const promises = strategy
    .promises(options.profile.timeScale)
    .filter((p) => judgeable.includes(p.guarantee));
  const { verdicts } = judge({ operations, faults: [] }, promises, defaultBudget);
  return measured.map(({ lostConnections, ...row }) => ({
    strategy: strategy.name,
    ...row,
    ...conclusion(verdicts, lostConnections),
  }));

  async function measureCeiling() {
    await using supervisor = await createSupervisor();
    await using stack = await startStack({
      ...options,
      supervisor,
      instances: 1,
      timeScale: options.profile.timeScale,
      logs,
    });
    signal.throwIfAborted();
    const instance = stack.instances[0]!;
    return await saturate({
      ...options,
      supervisor,
      target: { instance: instance.name, url: instance.url, pid: instance.pid },
      originNs: clockFrom().originNs,
      historyPath,
      logPath: join(logs, 'saturate.log'),
    });
  }
}

function conclusion(
  verdicts: readonly PromiseVerdict[],
  lostConnections: number,
): Pick<SaturationRow, 'state' | 'reason'> {
  const broken = verdicts.find((v) => v.state === 'broken');
  if (broken) return { state: 'broken', reason: `${broken.text}: ${broken.violations} violations` };
  const unknown = verdicts.find((v) => v.state === 'unknown');
  if (unknown) return { state: 'unknown', reason: unknown.reason ?? unknown.text };
  if (lostConnections > 0) {
    return { state: 'unknown', reason: `${lostConnections} connections broke: the figures are for fewer` };
  }
  return { state: 'kept' };
}
