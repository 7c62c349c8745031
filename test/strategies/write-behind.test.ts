import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askedPromises } from '../../harness/asked-promises.ts';
import { grades } from '../../harness/history/operation.ts';
import { readHistory } from '../../harness/history/read-history.ts';
import { judge } from '../../harness/judge.ts';
import { startDriver } from '../../harness/load/driver.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { strategies } from '../../strategies/list.ts';
import { ask, eventually, type Ground, metric, prepareGround } from './ground.ts';
import { testLink } from './link.ts';

const writeBehind = strategies.find(({ name }) => name === 'write-behind')!;

let ground: Ground;
let etcd: CarefulClient;
let database: pg.Pool;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 2_000 });
  database = new pg.Pool({ connectionString: ground.database!.primary.url, max: 2 });
});
afterAll(async () => {
  etcd?.close();
  await database?.end();
  await ground?.[Symbol.asyncDispose]();
});

async function inEtcd(
  key: string,
): Promise<{ value: unknown; version: number; revision: number } | undefined> {
  const found = (await etcd.range({ key: Buffer.from(`write-behind/kv/${key}`) })).kvs[0];
  if (!found) return undefined;
  const { value, version, mod_revision } = found;
  return { value: JSON.parse(value.toString()), version: Number(version), revision: Number(mod_revision) };
}

async function inDatabase(key: string): Promise<{ value: unknown; revision: number } | undefined> {
  const { rows } = await database.query(
    'select value, revision from queued_values where key = $1 and not deleted',
    [key],
  );
  return rows[0] && { value: rows[0].value, revision: Number(rows[0].revision) };
}

describe('write-behind', () => {
  test('every acknowledged write is a put of its own, and the last one reaches the database', async () => {
    const instance = await ground.startInstance({ name: 'each', strategy: writeBehind });
    const writes = Array.from({ length: 60 }, (_, i) => i);
    for (const i of writes) await ask(instance, 'PUT', `/kv/each${i % 3}`, { body: { value: i } });
    for (const key of [0, 1, 2]) {
      const last = 57 + key;
      const etcdHas = await eventually(
        () => inEtcd(`each${key}`),
        (seen) => seen?.value === last,
      );
      expect(etcdHas?.version).toBe(20);
      const databaseHas = await eventually(
        () => inDatabase(`each${key}`),
        (seen) => seen?.value === last,
      );
      expect(databaseHas?.revision).toBe(etcdHas?.revision);
    }
    await instance.stop();
  });

  test('what was acknowledged while etcd was away survives kill -9 and is drained in order', async () => {
    await using link = await testLink(ground.etcd);
    const dataFolder = join(ground.folder, 'journaled');
    const start = { name: 'journaled', strategy: writeBehind, etcd: link.address, dataFolder };
    const instance = await ground.startInstance(start);
    await ask(instance, 'PUT', '/kv/j0', { body: { value: 'drained' } });
    await eventually(
      () => inEtcd('j0'),
      (seen) => seen?.value === 'drained',
    );
    link.mode = 'hold';
    link.refuse(true);
    for (let i = 0; i < 40; i++) {
      expect((await ask(instance, 'PUT', `/kv/j${i % 4}`, { body: { value: i } })).status).toBe(200);
    }
    const own = await ask(instance, 'GET', '/kv/j3?consistency=session');
    expect(own).toMatchObject({ status: 200, body: { value: 39 }, headers: { 'x-source': 'cache' } });
    const blocked = await ask(instance, 'PUT', '/kv/j3', { body: { value: 'cas', expectedRevision: 1 } });
    expect([blocked.status, blocked.headers['x-outcome']]).toEqual([504, 'fail']);
    await instance.kill();
    expect((await readdir(dataFolder)).length).toBeGreaterThan(0);
    expect((await inEtcd('j0'))?.value).toBe('drained');

    link.refuse(false);
    link.mode = 'pass';
    await instance.restart();
    for (const key of [0, 1, 2, 3]) {
      expect((await ask(instance, 'GET', `/kv/j${key}?consistency=session`)).body.value).toBe(36 + key);
      const seen = await eventually(
        () => inEtcd(`j${key}`),
        (found) => found?.value === 36 + key,
      );
      // Ten queued writes each, and j0 once before: none twice, none skipped.
      expect(seen?.version).toBe(key === 0 ? 11 : 10);
      await eventually(
        () => inDatabase(`j${key}`),
        (found) => found?.value === 36 + key,
      );
    }
    expect(await metric(instance, 'faultline_queue_replayed')).toBeGreaterThanOrEqual(40);
    await instance.stop();
  });

  test('a batch that had applied before kill -9 is not written again over what others wrote since', async () => {
    await using link = await testLink(ground.etcd);
    const instance = await ground.startInstance({
      name: 'lostanswer',
      strategy: writeBehind,
      etcd: link.address,
    });
    const other = await ground.startInstance({ name: 'other', strategy: writeBehind });
    await ask(instance, 'PUT', '/kv/resurrect', { body: { value: 'first' } });
    await eventually(
      () => inEtcd('resurrect'),
      (seen) => seen?.value === 'first',
    );
    // Etcd has it before the instance knows: deaf to that answer, it would send the first batch again and never the second.
    await eventually(
      () => metric(instance, 'faultline_queue_writes'),
      (waiting) => waiting === 0,
    );
    link.mode = 'deaf';
    await ask(instance, 'PUT', '/kv/resurrect', { body: { value: 'second' } });
    await eventually(
      () => inEtcd('resurrect'),
      (seen) => seen?.value === 'second',
    );
    await instance.kill();
    await ask(other, 'PUT', '/kv/resurrect', { body: { value: 'third' } });
    await eventually(
      () => inEtcd('resurrect'),
      (seen) => seen?.value === 'third',
    );
    link.mode = 'pass';
    await instance.restart();
    await ask(instance, 'PUT', '/kv/after-restart', { body: { value: 1 } });
    await eventually(
      () => inEtcd('after-restart'),
      (seen) => seen?.value === 1,
    );
    expect(await inEtcd('resurrect')).toMatchObject({ value: 'third', version: 3 });
    expect((await ask(instance, 'GET', '/kv/resurrect?consistency=session')).body.value).toBe('third');
    await Promise.all([instance.stop(), other.stop()]);
  });

  test('the database being away delays nothing and is caught up with', async () => {
    const { host } = new URL(ground.database!.primary.url);
    await using link = await testLink(host);
    const primaryUrl = ground.database!.throughUrl('primary', link.address);
    const instance = await ground.startInstance({ name: 'nodb', strategy: writeBehind, primaryUrl });
    link.refuse(true);
    for (let i = 0; i < 10; i++) {
      expect((await ask(instance, 'PUT', '/kv/nodb', { body: { value: i } })).status).toBe(200);
    }
    await eventually(
      () => inEtcd('nodb'),
      (seen) => seen?.value === 9,
    );
    await eventually(
      () => metric(instance, 'faultline_database_failures'),
      (failures) => failures > 0,
    );
    link.refuse(false);
    await eventually(
      () => inDatabase('nodb'),
      (seen) => seen?.value === 9,
    );
    await instance.stop();
  });

  test('a compare or a transaction whose answer was lost reaches the database too', {
    timeout: 90_000,
  }, async () => {
    await using link = await testLink(ground.etcd);
    const instance = await ground.startInstance({
      name: 'unheard',
      strategy: writeBehind,
      etcd: link.address,
    });
    // Deaf: etcd carries them out, and this instance is not told, neither by the answers nor by its watch.
    link.mode = 'deaf';
    const unheard = await Promise.all([
      ask(instance, 'PUT', '/kv/unheard-cas', { body: { value: 1, expectedRevision: 0 } }),
      ask(instance, 'PUT', '/tx', {
        body: { compare: [], success: [{ op: 'put', key: 'unheard-tx', value: 2 }], failure: [] },
      }),
    ]);
    expect(unheard.map(({ headers }) => headers['x-outcome'])).toEqual(['info', 'info']);
    expect((await inEtcd('unheard-cas'))?.value).toBe(1);
    expect((await inEtcd('unheard-tx'))?.value).toBe(2);
    link.mode = 'pass';
    link.reset();
    for (const [key, value] of [
      ['unheard-cas', 1],
      ['unheard-tx', 2],
    ] as const) {
      await eventually(
        () => inDatabase(key),
        (seen) => seen?.value === value,
        40_000,
      );
      expect((await inDatabase(key))?.revision).toBe((await inEtcd(key))?.revision);
    }
    await instance.stop();
  });

  test('an older revision never replaces a newer one in the database', async () => {
    const instance = await ground.startInstance({ name: 'newest', strategy: writeBehind });
    await database.query(
      `insert into queued_values (key, value, revision, deleted) values ('newest', '"from the future"', 9999999, false)`,
    );
    await ask(instance, 'PUT', '/kv/newest', { body: { value: 'now' } });
    await ask(instance, 'PUT', '/kv/newest-beside', { body: { value: 'now' } });
    await eventually(
      () => inDatabase('newest-beside'),
      (seen) => seen?.value === 'now',
    );
    await sleep(100);
    expect((await inDatabase('newest'))?.value).toBe('from the future');
    await instance.stop();
  });

  test('asked to stop, it drains first', async () => {
    const instance = await ground.startInstance({ name: 'stopping', strategy: writeBehind });
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => ask(instance, 'PUT', `/kv/stop${i % 2}`, { body: { value: i } })),
    );
    await instance.stop();
    expect((await inEtcd('stop0'))?.version).toBe(50);
    expect((await inDatabase('stop1'))?.revision).toBe((await inEtcd('stop1'))?.revision);
  });
});

describe('a queue with limits', () => {
  const queued = (limits: Readonly<Record<string, string>>) => ({
    ...writeBehind,
    environment: { ...writeBehind.environment, ...limits },
  });

  test('that is full refuses at once with 429, and has lost nothing when etcd is back', async () => {
    await using link = await testLink(ground.etcd);
    const strategy = queued({ FAULTLINE_QUEUE_CAPACITY: '3' });
    const instance = await ground.startInstance({ name: 'full', strategy, etcd: link.address });
    link.mode = 'hold';
    link.refuse(true);
    for (const i of [1, 2, 3]) {
      expect((await ask(instance, 'PUT', `/kv/full${i}`, { body: { value: i } })).status).toBe(200);
    }
    const refused = await ask(instance, 'PUT', '/kv/full4', { body: { value: 4 } });
    expect(refused).toMatchObject({ status: 429, headers: { 'x-outcome': 'fail', 'retry-after': '1' } });
    expect(refused.body.error).toBe('the queue is full: 3 writes wait for etcd, ask again later');
    expect(await metric(instance, 'faultline_queue_refused')).toBe(1);
    expect(await metric(instance, 'faultline_queue_oldest_ms')).toBeGreaterThan(0);
    link.refuse(false);
    link.mode = 'pass';
    for (const i of [1, 2, 3]) {
      await eventually(
        () => inEtcd(`full${i}`),
        (seen) => seen?.value === i,
      );
    }
    expect(await inEtcd('full4')).toBeUndefined();
    expect((await ask(instance, 'PUT', '/kv/full4', { body: { value: 4 } })).status).toBe(200);
    await instance.stop();
  });

  test('that lets writers wait refuses who waited too long', async () => {
    await using link = await testLink(ground.etcd);
    const strategy = queued({ FAULTLINE_QUEUE_CAPACITY: '2', FAULTLINE_QUEUE_FULL: 'wait' });
    const instance = await ground.startInstance({ name: 'waits', strategy, etcd: link.address });
    link.mode = 'hold';
    link.refuse(true);
    for (const i of [1, 2]) await ask(instance, 'PUT', '/kv/waits', { body: { value: i } });
    const beganMs = performance.now();
    const late = await ask(instance, 'PUT', '/kv/waits', { body: { value: 'too late' } });
    expect([late.status, late.headers['x-outcome']]).toEqual([429, 'fail']);
    expect(performance.now() - beganMs).toBeGreaterThan(500);
    expect(await metric(instance, 'faultline_queue_waiting_for_room')).toBe(0);
    await instance.stop();
  });

  test('that lets writers wait takes them when there is room', async () => {
    const strategy = queued({
      FAULTLINE_QUEUE_CAPACITY: '2',
      FAULTLINE_QUEUE_FULL: 'wait',
      FAULTLINE_BATCH_AGE_MS: '100',
    });
    const instance = await ground.startInstance({ name: 'room', strategy });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask(instance, 'PUT', `/kv/room${i}`, { body: { value: i } })),
    );
    // Two fill the queue. A machine that stalls may keep the last of the others beyond their patience.
    const written = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    expect(written.length).toBeGreaterThan(2);
    for (const { status } of answers) expect([200, 429]).toContain(status);
    await eventually(
      () => metric(instance, 'faultline_drained_writes'),
      (drained) => drained === written.length,
    );
    for (const i of answers.keys()) {
      expect((await inEtcd(`room${i}`))?.value).toBe(written.includes(i) ? i : undefined);
    }
    await instance.stop();
  });

  test('whose batches wait for company sends few of them', async () => {
    const strategy = queued({ FAULTLINE_BATCH_AGE_MS: '400', FAULTLINE_BATCH_WRITES: '20' });
    const instance = await ground.startInstance({ name: 'company', strategy });
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask(instance, 'PUT', `/kv/company${i}`, { body: { value: i } })),
    );
    await eventually(
      () => metric(instance, 'faultline_drained_writes'),
      (drained) => drained === 60,
    );
    // 60 writes at once without waiting leave in many: whatever is there when the last one is answered.
    expect(await metric(instance, 'faultline_drained_batches')).toBeLessThanOrEqual(8);
    expect(await metric(instance, 'faultline_drained_batch_largest')).toBe(20);
    expect(await metric(instance, 'faultline_journal_syncs')).toBeGreaterThan(0);
    await instance.stop();
  });
});

describe('two instances of which one is paused under load', () => {
  test('apply what waited in its sockets when it goes on, and keep what they promise', async () => {
    const instances = await Promise.all(
      ['paused', 'awake'].map((name) => ground.startInstance({ name, strategy: writeBehind })),
    );
    const historyPath = join(ground.folder, 'paused.jsonl');
    const driver = await startDriver({
      supervisor: ground.supervisor,
      targets: instances.map(({ name, url }) => ({ instance: name, url })),
      workload: {
        keys: 3,
        keyDistribution: { kind: 'uniform' },
        mix: { write: 50, 'read:session': 30, delete: 5, cas: 5, 'read:eventual': 10 },
        arrivals: 'poisson',
        deadlineMs: 400,
        maxInFlight: 256,
      },
      seed: 5,
      originNs: process.hrtime.bigint(),
      historyPath,
      logPath: join(ground.folder, 'paused-driver.log'),
    });
    await driver.run({ ratePerSecond: 60, durationMs: 500 });
    await instances[0]!.pause();
    const load = await driver.run({ ratePerSecond: 60, durationMs: 1_200 });
    expect(load.info).toBeGreaterThan(0);
    // The final reads begin while the paused instance still has everything to do.
    const finals = driver.finalReads({ grades });
    await sleep(100);
    await instances[0]!.resume();
    await finals;
    await driver[Symbol.asyncDispose]();
    const { operations } = await readHistory(historyPath);
    const given = new Set(
      operations.filter(({ f, outcome }) => f === 'write' && outcome === 'info').map(({ value }) => value),
    );
    const seen = operations.filter(
      ({ f, outcome, value }) => f === 'read' && outcome === 'ok' && given.has(value),
    );
    expect(seen.length).toBeGreaterThan(0);
    // Of a process that stands still nothing is promised in time.
    const promises = askedPromises(writeBehind.promises(0.2), { mix: { write: 1 } }).filter(
      ({ guarantee }) => guarantee !== 'progress' && guarantee !== 'availability',
    );
    const { verdicts, violations } = judge({ operations, faults: [] }, promises);
    expect(violations).toEqual([]);
    // A second of load on three keys need not show each of the others.
    const shown = ['no-lost-writes', 'read-your-writes', 'monotonic-reads', 'convergence'];
    const core = verdicts.filter(({ promise }) => shown.includes(promise.guarantee));
    expect(core.length).toBeGreaterThanOrEqual(3);
    expect(core.map(({ state, reason }) => reason ?? state)).toEqual(core.map(() => 'kept'));
    await Promise.all(instances.map((instance) => instance.stop()));
  });
});
