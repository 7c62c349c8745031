import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DatabaseClient,
  DatabaseFailed,
  sqlOutcome,
  synchronous,
} from '../../strategies/database/database-client.ts';
import { type Ground, prepareGround } from './ground.ts';
import { testLink } from './link.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
});
afterAll(() => ground?.[Symbol.asyncDispose]());

const clientOf = (url: string, deadlineMs = 400) =>
  new DatabaseClient({ role: 'primary', url, deadlineMs, instance: 'test' });

describe('sqlOutcome', () => {
  test.each([
    ['23505', 'fail'],
    ['40001', 'fail'],
    ['57014', 'fail'],
    ['57P01', 'info'],
    ['08006', 'info'],
    ['40003', 'info'],
    ['XX000', 'info'],
    ['ECONNRESET', 'info'],
    [undefined, 'info'],
    // Of five letters like an SQLSTATE, but it is the socket's: no word of the server.
    ['EPIPE', 'info'],
  ] as const)('%s is %s', (code, outcome) => {
    expect(sqlOutcome(code)).toBe(outcome);
  });
});

describe('DatabaseClient', () => {
  test('keeps what the URL says and adds synchronous commits', async () => {
    const url = new URL(ground.database!.primary.url);
    url.searchParams.set('options', '-c search_path=elsewhere -c synchronous_commit=off');
    const pool = new pg.Pool({ connectionString: synchronous(url.toString()), max: 1 });
    const { rows } = await pool.query(
      `select current_setting('search_path') as path, current_setting('synchronous_commit') as commits`,
    );
    expect(rows).toEqual([{ path: 'elsewhere', commits: 'on' }]);
    await pool.end();
  });

  test('a statement over its limit ends in time, certainly without effect, and the connection is used again', async () => {
    const client = clientOf(ground.database!.primary.url);
    const failure = await client.write('select pg_sleep(5)').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseFailed);
    expect(failure).toMatchObject({ outcome: 'fail', timedOut: true });
    expect(await client.read('select 1 as one')).toEqual([{ one: 1 }]);
    expect(client.queries).toEqual([
      { role: 'primary', kind: 'read', count: 1 },
      { role: 'primary', kind: 'write', count: 1 },
    ]);
    await client.close();
  });

  test('a backend that ends during a write leaves it open whether it happened', async () => {
    const client = clientOf(ground.database!.primary.url, 3_000);
    const failure = await client
      .write('select pg_terminate_backend(pg_backend_pid()), pg_sleep(1)')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'DatabaseFailed', outcome: 'info' });
    expect(await client.read('select 1 as one')).toEqual([{ one: 1 }]);
    await client.close();
  });

  test('what is defined is asked for until the server can be reached; what it refuses is thrown', async () => {
    await using link = await testLink(new URL(ground.database!.primary.url).host);
    link.refuse(true);
    const client = clientOf(ground.database!.throughUrl('primary', link.address));
    let defined = false;
    const defining = client.define('create table if not exists defined (key text)').then(() => {
      defined = true;
    });
    await sleep(300);
    expect(defined).toBe(false);
    link.refuse(false);
    await defining;
    expect(await client.read('select count(*)::int as rows from defined')).toEqual([{ rows: 0 }]);
    await expect(client.define('create nonsense')).rejects.toThrow('syntax error');
    await client.close();
  });

  test('a connection that breaks under a query, or between two of a transaction, ends that and not the process', async () => {
    await using link = await testLink(new URL(ground.database!.primary.url).host);
    const client = clientOf(ground.database!.throughUrl('primary', link.address), 5_000);
    await client.read('select 1');
    // Failures of the process itself are what is looked for: an error event that nobody hears.
    const unheard: unknown[] = [];
    const heard = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => unheard.push(error));
    try {
      const reading = client.read('select pg_sleep(5)').catch((error: unknown) => error);
      const changing = client
        .transaction(async (ask) => {
          await ask('read', 'select 1');
          link.reset();
          await sleep(100);
          await ask('read', 'select 1');
        })
        .catch((error: unknown) => error);
      expect(await reading).toBeInstanceOf(DatabaseFailed);
      expect(await changing).toMatchObject({ outcome: 'fail' });
      expect(unheard).toEqual([]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of heard) process.on('uncaughtException', listener);
    }
    expect(await client.read('select 1 as one')).toEqual([{ one: 1 }]);
    await client.close();
  });

  test('what is defined waits for others who define, longer than a statement may take', async () => {
    const others = new pg.Client({ connectionString: ground.database!.primary.url });
    await others.connect();
    await others.query('select pg_advisory_lock(4715)');
    const client = clientOf(ground.database!.primary.url);
    const defining = client.define('create table if not exists patient (key text)');
    await sleep(1_000);
    await others.end();
    await defining;
    expect(await client.read('select count(*)::int as rows from patient')).toEqual([{ rows: 0 }]);
    await client.close();
  });

  test('without a server nothing was sent, so nothing happened', async () => {
    const client = clientOf('postgres://nobody@127.0.0.1:1/none');
    await expect(client.write('select 1')).rejects.toMatchObject({ outcome: 'fail' });
    expect(client.queries[1]?.count).toBe(0);
    await client.close();
  });
});
