import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHistory } from '../../harness/history/read-history.ts';
import { type DriverSummary, startDriver } from '../../harness/load/driver.ts';
import { compareRuns } from '../../harness/measure/run-comparison.ts';
import { measure } from '../../harness/measure/summary.ts';
import type { Network } from '../../harness/network/network.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { projectRoot } from '../../harness/project.ts';
import type { Cell, Result } from '../../harness/result.ts';
import { readRuns } from '../../reports/render.ts';
import { startRegisterServer } from '../load/register-server.ts';
import { pairRuns, roundsOf } from '../reports/pairs.ts';

// Real load over real links: a server behind a Toxiproxy, 20 ms away and then 24. What is measured is nearly all link, so
// that a machine with other work does not drown a fifth of it.
const awayMs = { base: 10, same: 10, slow: 12 } as const;
const rounds = 9;

let supervisor: Supervisor;
let network: Network;
beforeAll(async () => {
  supervisor = await createSupervisor();
  const logPath = join(await supervisor.temporaryFolder('slower'), 'toxiproxy.log');
  const toxiproxy = await startToxiproxy({ supervisor, seed: 1, logPath });
  network = await createNetwork({ toxiproxyUrl: toxiproxy.url });
});
afterAll(async () => {
  await network?.[Symbol.asyncDispose]();
  await supervisor?.[Symbol.asyncDispose]();
});

test('a fifth slower is called slower, the same is called no different', { timeout: 180_000 }, async () => {
  const folder = await supervisor.temporaryFolder('slower');
  const server = await startRegisterServer(supervisor, join(folder, 'server.log'));
  const link = await network.add({ from: 'driver', to: 'server', upstream: new URL(server.url).host });
  const historyPath = join(folder, 'history.jsonl');
  const driver = await startDriver({
    supervisor,
    targets: [{ instance: 's1', url: `http://${link.listen}` }],
    workload: {
      keys: 50,
      keyDistribution: { kind: 'uniform' },
      mix: { 'read:linearizable': 70, write: 30 },
      arrivals: 'constant',
      deadlineMs: 2_000,
      maxInFlight: 256,
    },
    seed: 1,
    originNs: process.hrtime.bigint(),
    historyPath,
    logPath: join(folder, 'driver.log'),
  });
  await driver.run({ ratePerSecond: 100, durationMs: 500 });

  const loads: { run: (typeof pairRuns)[number]; load: DriverSummary }[] = [];
  for (const run of roundsOf({ pairs: rounds, slow: rounds }).flat()) {
    const distance = await network.slow([link], { latencyMs: awayMs[run], jitterMs: 0 });
    loads.push({ run, load: await driver.run({ ratePerSecond: 100, durationMs: 1_000 }) });
    await distance.heal();
  }
  await driver[Symbol.asyncDispose]();

  const { operations } = await readHistory(historyPath);
  const [{ manifest }] = (await readRuns(
    join(projectRoot, 'test', 'reports', 'fixtures', 'pairs', 'base'),
  )) as [Result];
  const [base, same, slow] = pairRuns.map((wanted): Result => {
    const cells = loads.filter(({ run }) => run === wanted).map(({ load }) => cellOf(load));
    return { schemaVersion: 1, manifest, cells };
  }) as [Result, Result, Result];

  function cellOf(load: DriverSummary): Cell {
    const window = { loadFromNs: load.fromNs, loadToNs: load.toNs };
    const own = operations.filter(({ invokeNs }) => invokeNs >= load.fromNs && invokeNs < load.toNs);
    return {
      ...{ scenario: 'link', strategy: 'register', seed: 1, verdict: 'kept', members: 1, instances: 1 },
      ...{ ratePerSecond: 100, faults: [], leaders: [], promises: [], violations: [] },
      ...{ files: { history: 'history.jsonl', logs: '.' } },
      load: { ...load, outcomes: { ok: load.ok, fail: load.fail, info: load.info } },
      ...measure({ ...window, operations: own, faults: [] }),
    };
  }

  const p50 = (before: Result, after: Result) =>
    compareRuns([before], [after], ['p50']).cells[0]!.rows.find(({ metric }) => metric === 'p50')!;
  expect(p50(base, slow)).toMatchObject({ judgement: 'worse', pairs: rounds });
  expect(p50(slow, base).judgement).toBe('better');
  expect(p50(base, same).judgement).toBe('no difference');
  expect(compareRuns([base], [slow], ['p50']).state).toBe('worse');
  expect(compareRuns([base], [same], ['p50']).state).toBe('passed');
});
