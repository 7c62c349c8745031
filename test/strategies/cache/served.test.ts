import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../harness/database/database.ts';
import { startLocalDatabase } from '../../../harness/database/local-database.ts';
import { ServerCounter } from '../../../harness/database/server-counter.ts';
import type { Grade } from '../../../harness/history/operation.ts';
import { createSupervisor, type Supervisor } from '../../../harness/process/supervisor.ts';
import { builtProgram } from '../../../harness/project.ts';
import { startInstance } from '../../../harness/service/instance.ts';
import { policies } from '../../../strategies/cache/policies.ts';
import { cached, type ServedOptions } from '../../../strategies/cache/served.ts';
import { type OpenStrategy, Refused } from '../../../strategies/strategy.ts';
import { ask, metric } from '../ground.ts';

const names = policies.map(({ name }) => name);

let folder: string;
let supervisor: Supervisor;
let database: Database;
let counter: ServerCounter;
const opened: OpenStrategy[] = [];
let keys = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'served-cache-test-'));
  supervisor = await createSupervisor();
  database = await startLocalDatabase({ supervisor, folder, replica: false });
  counter = new ServerCounter(database.primary);
});
afterEach(() => Promise.all(opened.splice(0).map((strategy) => strategy.close())));
afterAll(async () => {
  counter?.close();
  await database?.[Symbol.asyncDispose]();
  await supervisor?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function open(policy: string, options?: ServedOptions): Promise<OpenStrategy> {
  const strategy = await cached(policy, options).open({
    instance: 's1',
    etcd: [],
    primaryUrl: database.primary.url,
    dataFolder: folder,
    timeScale: 1,
    seed: 1,
  });
  opened.push(strategy);
  return strategy;
}

/** A key that no other test uses. */
function freshKey(): string {
  keys += 1;
  return `key-${keys}`;
}

const { signal } = new AbortController();
const read = (strategy: OpenStrategy, key: string, grade: Grade = 'eventual') =>
  strategy.read({ key, grade, signal });
const write = (strategy: OpenStrategy, key: string, value: unknown, expectedRevision?: number) =>
  strategy.write({ key, value, expectedRevision, signal });

/** What the database was asked meanwhile, by its own count. */
async function asked(work: () => Promise<unknown>): Promise<{ reads: number; writes: number }> {
  const before = (await counter.ask())!.total;
  await work();
  const after = (await counter.ask())!.total;
  return { reads: after.reads - before.reads, writes: after.writes - before.writes };
}

describe.each(names)('cache-%s', (policy) => {
  test('reads back what was written and deleted, with revisions that only grow', async () => {
    const [strategy, key] = [await open(policy), freshKey()];
    expect(await read(strategy, key)).toMatchObject({ value: null });
    const told: (number | undefined)[] = [];
    for (const value of ['one', undefined, { deep: [1, null] }, undefined, false]) {
      const written = await write(strategy, key, value);
      expect(written.written).toBe(true);
      told.push(written.revision);
      for (const grade of ['eventual', 'session', 'linearizable'] as const) {
        const answer = await read(strategy, key, grade);
        expect([grade, answer.value]).toEqual([grade, value === undefined ? null : value]);
        expect(answer.revision).toBe(value === undefined ? undefined : written.revision);
      }
    }
    expect(told).toEqual([1, 2, 3, 4, 5]);
  });

  test('deleting what is not there is written, and nothing is there then', async () => {
    const [strategy, key] = [await open(policy), freshKey()];
    expect(await write(strategy, key, undefined)).toMatchObject({ written: true });
    expect(await read(strategy, key)).toMatchObject({ value: null });
    expect(await write(strategy, key, undefined, 0)).toMatchObject({ written: true });
  });

  test('a compare that was lost tells what is there, and the cache learns it', async () => {
    const key = freshKey();
    const [first, second] = [await open(policy), await open(policy)];
    await write(first, key, 'one');
    expect(await read(second, key)).toMatchObject({ value: 'one', revision: 1 });
    await write(first, key, 'two', 1);
    expect(await write(second, key, 'three', 1)).toEqual({ written: false, revision: 2, source: 'primary' });
    expect(await read(second, key)).toMatchObject({ value: 'two', revision: 2 });
    await write(first, key, undefined, 2);
    expect(await write(second, key, 'three', 2)).toEqual({ written: false, revision: 0, source: 'primary' });
    expect(await read(second, key)).toMatchObject({ value: null });
    expect(await write(second, key, 'three', 0)).toMatchObject({ written: true, revision: 4 });
  });

  test('linearizable and session reads show what another instance has just written', async () => {
    const key = freshKey();
    const [first, second] = [await open(policy), await open(policy)];
    for (let i = 0; i < 10; i++) {
      await read(second, key);
      await write(first, key, i);
      for (const grade of ['linearizable', 'session'] as const) {
        const answer = await read(second, key, grade);
        expect(answer).toMatchObject({ value: i, source: 'primary' });
        expect(answer.cache).toBeUndefined();
      }
    }
  });

  test('eventual reads show what another instance has written when the life of the entry has ended', async () => {
    const key = freshKey();
    const [first, second] = [await open(policy), await open(policy, { ttlMs: 300, jitter: 0 })];
    await read(second, key);
    await write(first, key, 'new');
    // Absent keys have a shorter life of their own, but none longer than all.
    await sleep(320);
    expect(await read(second, key)).toMatchObject({ value: 'new', cache: 'miss', source: 'primary' });
  });

  test('the database is asked as often as the cache says', async () => {
    const strategy = await open(policy, { size: 5, jitter: 0 });
    const own = Array.from({ length: 10 }, freshKey);
    const counts = await asked(async () => {
      for (let i = 0; i < 120; i++) {
        const key = own[(i * i) % 10]!;
        if (i % 8 === 0) await write(strategy, key, i);
        else await read(strategy, key, i % 16 === 1 ? 'linearizable' : 'eventual');
      }
    });
    expect(counts.writes).toBe(15);
    expect(counts.reads).toBe(strategy.metrics().faultline_cache_loads);
    const { faultline_cache_hits: hits, faultline_cache_misses: misses } = strategy.metrics();
    expect(hits! + misses!).toBe(105);
    if (policy === 'noop') expect(hits).toBe(0);
    else expect(hits).toBeGreaterThan(0);
    const own2 = strategy.databaseQueries!().map(({ kind, count }) => [kind, count]);
    // The definition of the table is a write.
    expect(own2).toEqual([
      ['read', counts.reads],
      ['write', counts.writes + 1],
    ]);
  });

  test('a hundred readers at once are one query, unless there is no cache', async () => {
    const [strategy, key] = [await open(policy), freshKey()];
    const { reads } = await asked(() => Promise.all(Array.from({ length: 100 }, () => read(strategy, key))));
    expect(reads).toBe(policy === 'noop' ? 100 : 1);
    expect(strategy.metrics().faultline_cache_coalesced).toBe(policy === 'noop' ? 0 : 99);
  });

  test('writers of two instances and readers of both: nobody reads backwards', async () => {
    const key = freshKey();
    const pair = [await open(policy), await open(policy)];
    const revisions: number[][] = [[], []];
    await Promise.all(
      pair.map(async (strategy, i) => {
        for (let n = 0; n < 40; n++) {
          if (n % 4 === 0) await write(strategy, key, `${i}-${n}`);
          const answers = await Promise.all([read(strategy, key), read(strategy, key, 'linearizable')]);
          revisions[i]!.push(Math.max(...answers.map(({ revision }) => revision!)));
          revisions[i]!.push((await read(strategy, key)).revision!);
        }
      }),
    );
    for (const seen of revisions) expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

test('what the entry is after a write is what the policies differ in', async () => {
  const seen: Record<string, unknown> = {};
  for (const policy of names) {
    const [strategy, key] = [await open(policy), freshKey()];
    await write(strategy, key, 'one');
    const first = await read(strategy, key);
    const second = await read(strategy, key);
    seen[policy] = [first.cache, second.cache, second.source, typeof second.staleMs];
  }
  expect(seen).toEqual({
    noop: ['miss', 'miss', 'primary', 'undefined'],
    lru: ['miss', 'hit', 'cache', 'number'],
    'read-write-through': ['hit', 'hit', 'cache', 'number'],
    'refresh-ahead': ['hit', 'hit', 'cache', 'number'],
  });
});

test('refresh-ahead answers from the entry and reloads it in the background', async () => {
  const key = freshKey();
  const writer = await open('noop');
  const strategy = await open('refresh-ahead', { ttlMs: 60_000, jitter: 0, refreshBelow: 1 });
  await write(writer, key, 'old');
  expect(await read(strategy, key)).toMatchObject({ value: 'old', cache: 'miss' });
  await write(writer, key, 'new');
  await sleep(2);
  expect(await read(strategy, key)).toMatchObject({ value: 'old', cache: 'refresh' });
  let last = await read(strategy, key);
  for (let i = 0; i < 100 && last.value === 'old'; i++) {
    await sleep(10);
    last = await read(strategy, key);
  }
  expect(last).toMatchObject({ value: 'new', source: 'cache' });
});

test('a policy is driven over HTTP', async () => {
  const key = freshKey();
  const instance = await startInstance({
    supervisor,
    name: 's1',
    strategy: {
      name: 'cache-lru',
      summary: 'the LRU cache in front of the database',
      promises: () => [],
      command: [process.execPath, builtProgram('strategies/service.ts')],
      environment: { FAULTLINE_STRATEGY: 'cache-lru' },
    },
    etcd: [{ member: 'm1', address: '127.0.0.1:1' }],
    primaryUrl: database.primary.url,
    dataFolder: join(folder, 's1'),
    logPath: join(folder, 's1.log'),
    timeScale: 1,
    seed: 1,
  });
  expect((await ask(instance, 'PUT', `/kv/${key}`, { body: { value: 'one' } })).status).toBe(200);
  const classes: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const { headers, body } = await ask(instance, 'GET', `/kv/${key}?consistency=eventual`);
    expect(body).toEqual({ key, value: 'one', revision: 1 });
    classes.push([headers['x-cache'], headers['x-source'], headers['x-stale-ms'] !== undefined]);
  }
  expect(classes).toEqual([
    ['miss', 'primary', false],
    ['hit', 'cache', true],
    ['hit', 'cache', true],
  ]);
  expect((await ask(instance, 'GET', `/kv/${key}?consistency=linearizable`)).headers['x-cache']).toBe(
    undefined,
  );
  expect(await metric(instance, 'faultline_cache_reads_total', 'class="hit"')).toBe(2);
  expect(await metric(instance, 'faultline_cache_hits')).toBe(2);
  await instance.stop();
});

test('without the database what is in the cache is still answered; the rest is refused, and it is said how', async () => {
  const [kept, gone] = [freshKey(), freshKey()];
  const [hits, stale, none] = [
    await open('lru'),
    await open('lru', { ttlMs: 1, jitter: 0, staleIfErrorMs: 60_000 }),
    await open('noop'),
  ];
  await write(hits, kept, 'one');
  for (const strategy of [hits, stale]) await read(strategy, kept);
  await database.primary.kill();
  try {
    expect(await read(hits, kept)).toMatchObject({ value: 'one', cache: 'hit' });
    const answer = await read(stale, kept);
    expect(answer).toMatchObject({ value: 'one', cache: 'stale', source: 'cache' });
    expect(answer.staleMs).toBeGreaterThan(0);
    const refusals = await Promise.allSettled([
      read(hits, gone),
      read(hits, kept, 'linearizable'),
      read(none, kept),
      write(hits, kept, 'two'),
    ]);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 'rejected', reason: { name: 'Refused', status: 503 } });
      expect((refusal as PromiseRejectedResult).reason).toBeInstanceOf(Refused);
    }
    expect((refusals[0] as PromiseRejectedResult).reason.outcome).toBe('fail');
  } finally {
    await database.primary.restart();
  }
  expect(await read(hits, kept, 'linearizable')).toMatchObject({ value: 'one' });
});
