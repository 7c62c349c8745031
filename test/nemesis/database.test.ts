import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../harness/database/database.ts';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { exhaustConnections } from '../../harness/nemesis/exhaust-connections.ts';
import { killDatabase } from '../../harness/nemesis/kill-database.ts';
import { lockTables } from '../../harness/nemesis/lock-tables.ts';
import type { World } from '../../harness/nemesis/nemesis.ts';
import { slowLinks } from '../../harness/nemesis/slow-links.ts';
import type { Network } from '../../harness/network/network.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { seeded } from '../../harness/random.ts';
import { eventually } from '../cluster/world.ts';

let folder: string;
let supervisor: Supervisor;
let network: Network;
let database: Database;
let world: World;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nemesis-database-'));
  supervisor = await createSupervisor();
  const { url } = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
  network = await createNetwork({ toxiproxyUrl: url });
  database = await startLocalDatabase({
    supervisor,
    folder,
    replica: true,
    replicationLink: async (primary) =>
      (await network.add({ from: 'replica', to: 'primary', upstream: primary })).listen,
  });
  await ask('primary', 'CREATE TABLE kv (key text PRIMARY KEY, value text)', 'CREATE TABLE log (line text)');
  const { signal } = new AbortController();
  // What strikes a database asks for no cluster.
  const cluster = { members: [] } as unknown as World['cluster'];
  world = { cluster, network, database, instances: [], random: seeded(1), signal };
}, 60_000);
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await supervisor?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function ask(role: 'primary' | 'replica', ...queries: string[]): Promise<unknown[]> {
  const client = new pg.Client({
    connectionString: database[role]!.url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    let rows: unknown[] = [];
    for (const query of queries) rows = (await client.query({ text: query, rowMode: 'array' })).rows;
    return rows;
  } finally {
    void client.end().catch(() => {});
  }
}

/** Written at the primary and read there and at the replica. */
async function whole(): Promise<void> {
  await eventually(async () => {
    const value = String(performance.now());
    await ask(
      'primary',
      `INSERT INTO kv VALUES ('k', '${value}') ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    );
    await eventually(async () => {
      for (const role of ['primary', 'replica'] as const)
        expect(await ask(role, `SELECT value FROM kv WHERE key = 'k'`)).toEqual([[value]]);
    });
  }, 20_000);
}

test.each(['primary', 'replica'] as const)(
  'kill-database (%s): it is gone, the other is not, and it comes back',
  async (role) => {
    await whole();
    const other = role === 'primary' ? 'replica' : 'primary';
    const injected = await killDatabase({ role }).inject(world);
    try {
      expect(injected).toMatchObject({ sentence: `the database's ${role} was killed`, targets: [role] });
      await expect(ask(role, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
      expect(await ask(other, 'SELECT 1')).toEqual([[1]]);
    } finally {
      await Promise.all([injected.heal(), injected.heal()]);
    }
    await whole();
  },
);

test('exhaust-connections: new ones are refused, those that are open go on, and all are given back', async () => {
  const open = new pg.Client({ connectionString: database.primary.url });
  await open.connect();
  const injected = await exhaustConnections().inject(world);
  try {
    expect(injected.sentence).toMatch(/^all \d\d connections that primary had left were taken$/);
    await expect(ask('primary', 'SELECT 1')).rejects.toMatchObject({ code: '53300' });
    expect((await open.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await injected.heal();
    await open.end();
  }
  await injected.heal();
  await whole();
  const held = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'faultline-nemesis'`;
  await eventually(async () => expect(await ask('primary', held)).toEqual([[0]]));
});

test('lock-tables: reads and writes wait for as long as it is in force, and then go on', async () => {
  const injected = await lockTables().inject(world);
  let waiting: Promise<unknown>;
  let answered = false;
  try {
    expect(injected.sentence).toBe('public.kv, public.log at primary were locked');
    await expect(ask('primary', "SET statement_timeout = '200ms'", 'SELECT * FROM kv')).rejects.toMatchObject(
      {
        code: '57014',
      },
    );
    expect(await ask('primary', 'SELECT 1')).toEqual([[1]]);
    waiting = ask('primary', `INSERT INTO log VALUES ('waited')`).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toBe(false);
  } finally {
    await Promise.all([injected.heal(), injected.heal()]);
  }
  await waiting;
  expect(await ask('primary', 'SELECT line FROM log')).toEqual([['waited']]);
  await whole();
});

test('a slow link of replication: the replica shows a commit later', async () => {
  await whole();
  const injected = await slowLinks({ place: 'replication', latencyMs: 300, jitterMs: 0 }).inject(world);
  try {
    expect(injected.sentence).toBe(
      'everything between replica and primary was delayed by 300 ± 0 ms each way',
    );
    const startedMs = performance.now();
    await ask('primary', `INSERT INTO log VALUES ('late')`);
    await eventually(async () =>
      expect(await ask('replica', `SELECT line FROM log WHERE line = 'late'`)).toHaveLength(1),
    );
    // From the commit, which is earlier than the answer by what a busy machine takes for it.
    expect(performance.now() - startedMs).toBeGreaterThan(290);
  } finally {
    await injected.heal();
  }
  await whole();
});

test('without a database, or without a replica, they say so', async () => {
  const none = { ...world, database: undefined as never };
  await expect(lockTables().inject(none)).rejects.toThrow(
    'expected a database with a primary to strike, got none',
  );
  const alone = { ...world, database: { ...database, replica: undefined } };
  await expect(killDatabase({ role: 'replica' }).inject(alone)).rejects.toThrow(
    'a replica to strike, got none',
  );
});
