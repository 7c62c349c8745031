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

/** A constant rate, so that the ends of the load fall on few queries. */
const scenario: Scenario = {
  ...steady,
  workload: { ...steady.workload, arrivals: 'constant' },
};

/** What pg_stat_statements said at one moment of CLOCK_MONOTONIC, asked without any code of the harness. */
interface Reading {
  readonly askedNs: number;
  readonly answeredNs: number;
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
      readings.push({ askedNs, answeredNs, calls: rows[0]!.calls });
      await sleep(20);
    }
  } catch {
    await client.end().catch(() => {});
    return readings;
  }
}

/**
 * What the count was at a moment: at least what the last reading before it said, at most what the first after it says.
 * A few queries apart on a quiet machine; on one that stalls between two readings, as many as came meanwhile.
 */
function callsAt(readings: readonly Reading[], atNs: number): { least: number; most: number } {
  const before = readings.findLast(({ answeredNs }) => answeredNs <= atNs);
  const after = readings.find(({ askedNs }) => askedNs >= atNs);
  expect([before, after], 'readings on both sides of the moment').not.toContain(undefined);
  return { least: before!.calls, most: after!.calls };
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
    const from = callsAt(readings[i]!, startNs + phase!.fromMs * 1e6);
    const to = callsAt(readings[i]!, startNs + phase!.toMs * 1e6);
    // Few on a machine that is busy with other things; the two must agree all the same.
    expect(to.least - from.most, role).toBeGreaterThan(100);
    expect(row.reads + row.writes, role).toBeGreaterThan((to.least - from.most) * 0.99);
    expect(row.reads + row.writes, role).toBeLessThan((to.most - from.least) * 1.01);
    console.log(
      `${role}: ${row.reads + row.writes} told, ${to.least - from.most} to ${to.most - from.least} counted`,
    );
    expect(row.queriesPerSecond).toBeCloseTo((row.reads + row.writes) / row.seconds, 0);
  }
});
