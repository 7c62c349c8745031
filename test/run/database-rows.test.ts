import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import type { Cell } from '../../harness/result.ts';
import { runCell } from '../../harness/run-cell.ts';
import { profiles, type Scenario } from '../../harness/scenario.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'database-rows-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A constant rate, so that between two readings the counts grow evenly. */
const scenario: Scenario = {
  ...steady,
  workload: { ...steady.workload, arrivals: 'constant' },
};

/** What pg_stat_statements said at one moment of CLOCK_MONOTONIC, asked without any code of the harness. */
interface Reading {
  readonly atNs: number;
  readonly calls: number;
}

/** All that the services' role asked of the services' database; BEGIN, SET and DDL are not tracked. */
const sumOfCalls = `
  SELECT coalesce(sum(calls), 0)::float8 AS calls
  FROM pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = 'faultline')
    AND userid = (SELECT oid FROM pg_roles WHERE rolname = 'faultline')`;

/** Reads until the server goes away, as it does at the end of the cell. */
async function readUntilGone(url: string): Promise<Reading[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  const readings: Reading[] = [];
  try {
    await client.connect();
    for (;;) {
      const askedNs = Number(process.hrtime.bigint());
      const { rows } = await client.query<{ calls: number }>(sumOfCalls);
      const answeredNs = Number(process.hrtime.bigint());
      readings.push({ atNs: (askedNs + answeredNs) / 2, calls: rows[0]!.calls });
      await sleep(20);
    }
  } catch {
    await client.end().catch(() => {});
    return readings;
  }
}

/** At a moment between two readings: straight from one to the other. */
function callsAt(readings: readonly Reading[], atNs: number): number {
  const next = readings.findIndex((reading) => reading.atNs > atNs);
  expect(next, 'readings on both sides of the moment').toBeGreaterThan(0);
  const [a, b] = [readings[next - 1]!, readings[next]!];
  return a.calls + ((b.calls - a.calls) * (atNs - a.atNs)) / (b.atNs - a.atNs);
}

/** The cell's servers are started by the cell; their logs tell where, and all local databases share one password. */
async function addressOf(log: string): Promise<string> {
  const port = /listening on IPv4 address "127\.0\.0\.1", port (\d+)/.exec(await readFile(log, 'utf8'))![1];
  return `127.0.0.1:${port}`;
}

async function countingUrl(): Promise<URL> {
  await using supervisor = await createSupervisor();
  await using database = await startLocalDatabase({ supervisor, folder, replica: false });
  return new URL(database.primary.counting.url);
}

test('the queries that a report tells are those of pg_stat_statements, within 1 %', {
  timeout: 120_000,
}, async () => {
  const url = await countingUrl();
  const logs = join(folder, 'logs');
  const roles = ['primary', 'replica'] as const;
  const reading: Promise<Reading[]>[] = [];
  // The run's clock began here; every statement about it came a little later than it was made.
  let originNs = Number.POSITIVE_INFINITY;

  const cell: Cell = await runCell({
    scenario,
    strategy: strategies.find(({ name }) => name === 'consistency-routing')!,
    profile: profiles.quick,
    seed: 3,
    etcd: await ensureEtcd({ say: () => {} }),
    folder,
    relativeFolder: '.',
    signal: new AbortController().signal,
    onProgress(progress) {
      if (progress.type === 'step' && progress.step === 'warming up') {
        for (const role of roles)
          reading.push(
            addressOf(join(logs, `${role}.log`)).then((address) => {
              const own = new URL(url);
              own.host = address;
              return readUntilGone(own.href);
            }),
          );
      }
      if (progress.type === 'load')
        originNs = Math.min(originNs, Number(process.hrtime.bigint()) - progress.stats.atNs);
    },
  });

  expect(cell.phases, cell.reason).toHaveLength(1);
  const [phase] = cell.phases;
  const readings = await Promise.all(reading);
  const startNs = originNs + cell.historyStartNs!;
  for (const [i, role] of roles.entries()) {
    const row = cell.database.find((one) => one.role === role && one.phase === 'before')!;
    const counted =
      callsAt(readings[i]!, startNs + phase!.toMs * 1e6) -
      callsAt(readings[i]!, startNs + phase!.fromMs * 1e6);
    // Few on a machine that is busy with other things; the two must agree all the same.
    expect(counted, role).toBeGreaterThan(100);
    expect(Math.abs(row.reads + row.writes - counted) / counted, role).toBeLessThan(0.01);
    expect(row.queriesPerSecond).toBeCloseTo((row.reads + row.writes) / row.seconds, 0);
  }
});
