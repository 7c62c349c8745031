import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuMicros } from '../../harness/load/cpu-time.ts';
import { type Driver, type DriverSummary, startDriver } from '../../harness/load/driver.ts';
import type { Workload } from '../../harness/load/workload.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { startRegisterServer } from '../load/register-server.ts';
import type { Bench, BenchRow } from './bench.ts';

/**
 * How much the open-loop driver can offer and record, against a register in another process (node:http). The first
 * run is a million operations, since that is what its memory is promised for; then the rate rises until it lags.
 */
export const bench: Bench = { name: 'driver', run };

const ratePerSecond = 10_000;
const operations = 1_000_000;
const lagLimitMs = 5;

const workload: Workload = {
  keys: 1_000,
  keyDistribution: { kind: 'zipf', theta: 0.99 },
  mix: { 'read:linearizable': 50, write: 35, cas: 10, delete: 5 },
  arrivals: 'poisson',
  deadlineMs: 2_000,
  // With 2,048 a pause of the server became a storm of new connections, and more was dropped (measured: 772 against 180).
  maxInFlight: 512,
};

async function run(): Promise<readonly BenchRow[]> {
  await using supervisor = await createSupervisor();
  const folder = await supervisor.temporaryFolder('bench');
  const server = await startRegisterServer(supervisor, join(folder, 'server.log'));
  // It must never be what the driver waits for.
  server.takePrecedence();
  let pid = 0;
  const historyPath = join(folder, 'history.jsonl');
  await using driver = await startDriver({
    supervisor: tellingPid(supervisor, (driverPid) => {
      pid = driverPid;
    }),
    targets: [{ instance: 's1', url: server.url }],
    workload,
    seed: 1,
    originNs: process.hrtime.bigint(),
    historyPath,
    logPath: join(folder, 'driver.log'),
  });
  await driver.run({ ratePerSecond, durationMs: 2_000 });

  const cpuFrom = await cpuMicros(pid);
  const waitFrom = await waitedForCoreMs(pid);
  const summary = await driver.run({ ratePerSecond, durationMs: (operations / ratePerSecond) * 1_000 });
  const seconds = (summary.toNs - summary.fromNs) / 1e9;
  const cores = ((await cpuMicros(pid))! - cpuFrom!) / 1e6 / seconds;
  const at = `at ${ratePerSecond} operations/s for ${seconds} s`;
  const { p50, p99, max } = summary.sendLagMs;
  const recorded = recordedPerSecond(summary);
  const rows: BenchRow[] = [
    {
      what: `recorded, ${at}`,
      value: recorded,
      unit: 'operations/s',
      // Poisson arrivals: what was offered is itself within a few standard deviations (0.1 %) of the rate.
      target: `${ratePerSecond}, none dropped`,
      met: summary.dropped === 0 && recorded > 0.995 * ratePerSecond,
    },
    { what: `send lag p50, ${at}`, value: p50, unit: 'ms' },
    {
      what: `send lag p99, ${at}`,
      value: p99,
      unit: 'ms',
      target: `under ${lagLimitMs}`,
      met: p99 < lagLimitMs,
    },
    { what: `send lag max, ${at}`, value: max, unit: 'ms' },
    { what: `CPU of the driver, ${at}`, value: cores, unit: 'cores', target: 'under 1', met: cores < 1 },
  ];
  const waitTo = await waitedForCoreMs(pid);
  if (waitFrom !== null && waitTo !== null) {
    // Other programs' doing: a lag beside a long wait says that the machine was busy, not that the driver is slow.
    rows.push({ what: `waited for a core, ${at}`, value: (waitTo - waitFrom) / seconds, unit: 'ms/s' });
  }
  const memory = await peakMiB(pid);
  if (memory !== null) {
    const what = `peak memory of the driver after ${summary.sent} operations`;
    rows.push({ what, value: memory, unit: 'MiB', target: 'under 1024', met: memory < 1_024 });
  }
  rows.push({
    what: 'size of an operation on disk',
    value: (await stat(historyPath)).size / summary.sent,
    unit: 'bytes',
  });
  rows.push(await highestRate(driver));
  return rows;
}

/** The last step whose lag held and that dropped nothing. */
async function highestRate(driver: Driver): Promise<BenchRow> {
  let highest = 0;
  for (let rate = 4_000; rate <= 40_000; rate += 2_000) {
    const summary = await driver.run({ ratePerSecond: rate, durationMs: 4_000 });
    if (summary.dropped > 0 || summary.sendLagMs.p99 >= lagLimitMs) break;
    highest = recordedPerSecond(summary);
  }
  return {
    what: `highest recorded rate with send lag p99 under ${lagLimitMs} ms`,
    value: highest,
    unit: 'operations/s',
  };
}

function recordedPerSecond({ ok, fail, info, fromNs, toNs }: DriverSummary): number {
  return (ok + fail + info) / ((toNs - fromNs) / 1e9);
}

function tellingPid(supervisor: Supervisor, tell: (pid: number) => void): Supervisor {
  return {
    ...supervisor,
    async spawn(options) {
      const spawned = await supervisor.spawn(options);
      tell(spawned.pid);
      return spawned;
    },
  };
}

/** How long the main thread was ready to run and had no core; null where the machine does not say. */
async function waitedForCoreMs(pid: number): Promise<number | null> {
  try {
    return Number((await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ')[1]) / 1e6;
  } catch {
    return null;
  }
}

async function peakMiB(pid: number): Promise<number | null> {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024;
  } catch {
    return null;
  }
}
