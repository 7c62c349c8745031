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
