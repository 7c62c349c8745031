import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import type { Bench, BenchRow } from './bench.ts';

/** How long a cell waits for its database, and how far the replica is behind. Five starts; the middle one is told. */
export const bench: Bench = {
  name: 'database',
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'database-bench-'));
    await using supervisor = await createSupervisor();
    const start = (name: string) =>
      startLocalDatabase({ supervisor, folder: join(folder, name), replica: true });
    try {
      // The first one may have to initialise the template.
      await (await start('template'))[Symbol.asyncDispose]();
      const ups: number[] = [];
      const downs: number[] = [];
      const rows: BenchRow[] = [];
      for (let round = 0; round < 5; round++) {
        const fromMs = performance.now();
        const database = await start(`round-${round}`);
        ups.push(performance.now() - fromMs);
        if (round === 0) rows.push(...(await replicationAndKill(database)));
        const stopMs = performance.now();
        await database[Symbol.asyncDispose]();
        downs.push(performance.now() - stopMs);
      }
      return [
        { what: 'primary and streaming replica up', value: middle(ups), unit: 'ms' },
        { what: 'both down', value: middle(downs), unit: 'ms' },
        ...rows,
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function replicationAndKill(
  database: Awaited<ReturnType<typeof startLocalDatabase>>,
): Promise<BenchRow[]> {
  const primary = await connected(database.primary.url);
  const replica = await connected(database.replica!.url);
  await primary.query('CREATE TABLE seen (id int)');
  const delays: number[] = [];
  for (let id = 1; id <= 50; id++) {
    await primary.query('INSERT INTO seen VALUES ($1)', [id]);
    const fromMs = performance.now();
    for (;;) {
      const { rows } = await replica
        .query('SELECT FROM seen WHERE id = $1', [id])
        .catch(() => ({ rows: [] as unknown[] }));
      if (rows.length > 0) break;
    }
    delays.push(performance.now() - fromMs);
  }
  await Promise.all([primary.end(), replica.end()]);

  const killMs = performance.now();
  await database.primary.kill();
  const restartMs = performance.now();
  await database.primary.restart();
  return [
    { what: 'from commit until seen at the replica', value: middle(delays), unit: 'ms' },
    { what: 'kill -9 of the primary', value: restartMs - killMs, unit: 'ms' },
    { what: 'its restart, recovery included', value: performance.now() - restartMs, unit: 'ms' },
  ];
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
