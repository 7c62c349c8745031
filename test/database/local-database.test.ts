import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clockFrom } from '../../harness/clock.ts';
import { sampleDatabase } from '../../harness/database/counters.ts';
import type { Database } from '../../harness/database/database.ts';
import { connectExternalDatabase, DatabaseUnreachable } from '../../harness/database/external-database.ts';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { PostgresServer } from '../../harness/database/postgres-server.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { createSupervisor, type Supervisor, temporaryPrefix } from '../../harness/process/supervisor.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';

let folder: string;
let supervisor: Supervisor;
let database: Database;
let link: Forwarder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'database-test-'));
  supervisor = await createSupervisor();
  database = await startLocalDatabase({
    supervisor,
    folder,
    replica: true,
    replicationLink: async (primary) => {
      link = await startForwarder(primary);
      return link.address;
    },
  });
  await ask(database.primary.url, 'CREATE TABLE kv (key text PRIMARY KEY, value text)');
}, 60_000);

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await link?.close();
  await supervisor?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function ask(url: string, ...queries: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const query of queries) rows = (await client.query(query)).rows;
    return rows;
  } finally {
    await client.end().catch(() => {});
  }
}

async function eventually(check: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  for (const endsAt = performance.now() + withinMs; performance.now() < endsAt; await sleep(20)) {
    if (await check()) return;
  }
  throw new Error(`it did not come true within ${withinMs} ms`);
}

const keysAt = async (url: string) =>
  (await ask(url, 'SELECT key FROM kv ORDER BY key')).map((row) => row.key);

describe('startLocalDatabase', () => {
  test('tells what runs, and lets only those in who know the password', async () => {
    expect(database.version).toMatch(/^\d+\.\d+/);
    expect(database.primary.address).toMatch(/^127\.0\.0\.1:\d+$/);
    const stranger = new URL(database.primary.url);
    stranger.password = 'guessed';
    await expect(ask(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  test('the replica follows through the link, refuses writes, and catches up after a cut', async () => {
    const replica = database.replica!;
    await ask(database.primary.url, `INSERT INTO kv VALUES ('a', '1')`);
    await eventually(async () => (await keysAt(replica.url)).includes('a'));
    await expect(ask(replica.url, `INSERT INTO kv VALUES ('x', '1')`)).rejects.toThrow(/read-only/);

    link.cut();
    await ask(database.primary.url, `INSERT INTO kv VALUES ('b', '1')`);
    await sleep(300);
    expect(await keysAt(replica.url)).not.toContain('b');
    link.heal();
    await eventually(async () => (await keysAt(replica.url)).includes('b'));
  });

  test('a URL through another address keeps user and database', async () => {
    const through = database.throughUrl('primary', link.address);
    expect(new URL(through).host).toBe(link.address);
    expect(await ask(through, 'SELECT current_user AS user, current_database() AS database')).toEqual([
      { user: 'faultline', database: 'faultline' },
    ]);
  });

  test.each(['primary', 'replica'] as const)(
    'what was committed outlives kill -9 of the %s',
    async (role) => {
      const server = database[role]!;
      const key = `before the kill of the ${role}`;
      await ask(database.primary.url, `INSERT INTO kv VALUES ('${key}', '1')`);
      const segment = await sharedMemorySegmentOf(role);
      if (process.platform === 'linux') expect(await sharedMemorySegments()).toContain(segment);

      await server.kill();
      await expect(ask(server.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
      await expect(server.kill()).rejects.toThrow(`${role} cannot be killed: it does not run`);
      expect(await sharedMemorySegments()).not.toContain(segment);

      await server.restart();
      await expect(server.restart()).rejects.toThrow(`${role} already runs`);
      await eventually(async () => (await keysAt(server.url)).includes(key));
      await eventually(async () => (await keysAt(database.replica!.url)).includes(key));
    },
  );

  test('a second database of the same template knows nothing of the first, and leaves nothing when disposed', async () => {
    const second = await startLocalDatabase({ supervisor, folder: join(folder, 'second'), replica: false });
    await expect(keysAt(second.primary.url)).rejects.toThrow(/relation "kv" does not exist/);
    expect(second.replica).toBeUndefined();
    expect(() => second.throughUrl('replica', '127.0.0.1:1')).toThrow(/there is no replica/);
    await second[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await expect(ask(second.primary.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a server that cannot start says why, with its last lines', async () => {
    const server = new PostgresServer({
      supervisor,
      name: 'lost',
      binFolder: '/nowhere',
      dataFolder: folder,
      port: 1,
      owner: undefined,
      logPath: join(folder, 'lost.log'),
      settings: {},
      askUrl: database.primary.url,
    });
    await expect(server.start()).rejects.toThrow(/lost could not be started \(\/nowhere\/postgres\)/);
  });
});

/** PostgreSQL writes the id of its System V segment into the seventh line of postmaster.pid. */
async function sharedMemorySegmentOf(role: string): Promise<string> {
  const root = join(tmpdir(), `${temporaryPrefix}${supervisor.id}`);
  const name = (await readdir(root)).find((name) => name.endsWith(`-${role}`))!;
  const text = await readFile(join(root, name, 'data', 'postmaster.pid'), 'utf8');
  return text.split('\n')[6]!.trim().split(/\s+/)[1]!;
}

/** The ids of all of this machine; none where they cannot be told (macOS). */
async function sharedMemorySegments(): Promise<(string | undefined)[]> {
  const table = await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '');
  return table.split('\n').map((line) => line.trim().split(/\s+/)[1]);
}

describe('sampleDatabase', () => {
  test('counts reads and writes of each server, not its own questions, across a kill', async () => {
    const stop = new AbortController();
    const clock = clockFrom();
    const sampling = sampleDatabase({ database, clock, everyMs: 50, signal: stop.signal });
    await sleep(500);
    const write = `INSERT INTO kv VALUES ('counted', '1') ON CONFLICT (key) DO UPDATE SET value = '2'`;
    await ask(
      database.primary.url,
      ...Array(20).fill(write),
      ...Array(30).fill('SELECT 1 FROM kv'),
      'BEGIN',
      'COMMIT',
    );
    await ask(database.replica!.url, ...Array(40).fill('SELECT 1 FROM kv'));
    // Seen by the sampler before what is counted dies with the server.
    await sleep(600);
    await database.primary.kill();
    await sleep(200);
    await database.primary.restart();
    await ask(database.primary.url, ...Array(27).fill(write));
    stop.abort();
    const series = await sampling;

    const last = series.samples.at(-1)!;
    expect(series).toMatchObject({ hasReplica: true, queriesCounted: true });
    expect(last.primary).toMatchObject({ reads: 30, writes: 47 });
    expect(last.replica).toMatchObject({ reads: 40, writes: 0 });
    expect(series.samples[0]!.primary).toEqual({ reads: 0, writes: 0, transactions: 0 });
    expect(series.samples.some((sample) => sample.primary === null)).toBe(true);
    expect(last.replayLag!.bytes).toBeGreaterThanOrEqual(0);
    for (let i = 1; i < series.samples.length; i++) {
      expect(series.samples[i]!.atNs).toBeGreaterThan(series.samples[i - 1]!.atNs);
    }
  });

  test('tells how far a replica that was cut off is behind', async () => {
    link.cut();
    await sleep(100);
    await ask(
      database.primary.url,
      `INSERT INTO kv SELECT 'lag ' || i, repeat('x', 100) FROM generate_series(1, 200) i`,
    );
    const stop = new AbortController();
    stop.abort();
    const behind = await sampleDatabase({ database, clock: clockFrom(), everyMs: 50, signal: stop.signal });
    expect(behind.samples.at(-1)!.replayLag!.bytes).toBeGreaterThan(20_000);
    link.heal();
    await eventually(async () => {
      const now = await sampleDatabase({ database, clock: clockFrom(), everyMs: 50, signal: stop.signal });
      return now.samples.at(-1)!.replayLag?.bytes === 0;
    });
  });
});

describe('connectExternalDatabase', () => {
  const external = () => ({ primaryUrl: database.primary.url, replicaUrl: database.replica!.url });

  test.each([
    ['no URL at all', 'nonsense', /what was given is no URL/],
    ['another protocol', 'mysql://root@localhost/x', /what was given begins with mysql:/],
    ['no host', 'postgres:///x', /what was given has no host/],
  ])('%s is a TypeError', async (_, primaryUrl, message) => {
    const error = await connectExternalDatabase({ primaryUrl }).catch((e) => e);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
  });

  test('nobody listening is told with host and port, and without the password', async () => {
    const port = await freePort();
    const primaryUrl = `postgres://somebody:secret@127.0.0.1:${port}/data`;
    const error = await connectExternalDatabase({ primaryUrl }).catch((e) => e);
    expect(error).toBeInstanceOf(DatabaseUnreachable);
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).toContain('expected a PostgreSQL that user somebody may write to in database data');
    expect(error.message).not.toContain('secret');
  });

  test('a wrong password, or a standby in place of the primary, is told', async () => {
    const wrong = database.primary.url.replace(/:[0-9a-f]{32}@/, ':secret@');
    await expect(connectExternalDatabase({ primaryUrl: wrong })).rejects.toThrow(
      /password authentication failed/,
    );
    await expect(connectExternalDatabase({ primaryUrl: database.replica!.url })).rejects.toThrow(
      /it is a standby, expected a primary/,
    );
    await expect(
      connectExternalDatabase({ primaryUrl: database.primary.url, replicaUrl: database.primary.url }),
    ).rejects.toThrow(/it is a primary, expected a standby/);
    expect(await schemas()).toEqual([]);
  });

  test('all that is written lies in a schema of its own, which goes at the end; the rest stays', async () => {
    const kept = await keysAt(database.primary.url);
    const connected = await connectExternalDatabase(external());
    const through = connected.throughUrl('primary', link.address);
    await ask(through, 'CREATE TABLE kv (key text)', `INSERT INTO kv VALUES ('ours')`);
    expect(await keysAt(through)).toEqual(['ours']);
    expect(await keysAt(connected.primary.url)).toEqual(['ours']);
    await eventually(async () => (await keysAt(connected.replica!.url).catch(() => [])).length === 1);
    expect(await schemas()).toHaveLength(1);

    await expect(connected.primary.kill()).rejects.toThrow(
      /cannot be killed: it was not started by this run/,
    );
    await expect(connected.replica!.restart()).rejects.toThrow(/cannot be restarted/);

    await connected[Symbol.asyncDispose]();
    expect(await schemas()).toEqual([]);
    expect(await keysAt(database.primary.url)).toEqual(kept);
  });

  test.each([
    ['only transactions where pg_stat_statements is missing', false, { reads: 0, writes: 0 }],
    ['queries where it is there, in whatever schema', true, { reads: 10, writes: 1 }],
  ])('counted are %s', async (_, queriesCounted, expected) => {
    const asHarness = new URL(database.primary.counting.url);
    asHarness.pathname = '/faultline';
    if (queriesCounted)
      await ask(
        asHarness.href,
        'CREATE SCHEMA "Ex tensions"',
        'GRANT USAGE ON SCHEMA "Ex tensions" TO PUBLIC',
        'CREATE EXTENSION pg_stat_statements SCHEMA "Ex tensions"',
      );
    await using connected = await connectExternalDatabase({ primaryUrl: database.primary.url });
    const stop = new AbortController();
    const sampling = sampleDatabase({
      database: connected,
      clock: clockFrom(),
      everyMs: 50,
      signal: stop.signal,
    });
    await sleep(200);
    await ask(
      connected.primary.url,
      ...Array(10).fill('SELECT 1'),
      `INSERT INTO public.kv SELECT 'counted ' || ${queriesCounted}`,
    );
    // Every backend reports its transactions when it ends, at the latest.
    await sleep(300);
    stop.abort();
    const series = await sampling;

    expect(series.queriesCounted).toBe(queriesCounted);
    expect(series.samples.at(-1)!.primary).toMatchObject(expected);
    expect(series.samples.at(-1)!.primary!.transactions).toBeGreaterThan(0);
    expect(series.samples.at(-1)!.replica).toBeNull();
  });

  async function schemas(): Promise<unknown[]> {
    return ask(database.primary.url, `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'faultline\\_%'`);
  }
});

test('the logs are kept in the given folder', async () => {
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['primary.log', 'replica.log']));
  // Nothing listens on other addresses: the log says where it does.
  const listening = (await readFile(join(folder, 'primary.log'), 'utf8')).match(/listening on .*/g)!;
  for (const line of listening) expect(line).toContain('"127.0.0.1"');
  await new Promise<void>((resolve) => {
    const [, port] = database.primary.address.split(':');
    connect({ host: '127.0.0.2', port: Number(port) })
      .once('error', () => resolve())
      .once('connect', () => resolve(expect.unreachable('it listens on 127.0.0.2')));
  });
});
