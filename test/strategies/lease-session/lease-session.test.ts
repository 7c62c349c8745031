import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../../harness/service/instance.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { leaseSessionTimes } from '../../../strategies/lease-session/times.ts';
import { strategies } from '../../../strategies/list.ts';
import { ask, eventually, type Ground, metric, prepareGround } from '../ground.ts';
import { testLink } from '../link.ts';

const leaseSession = strategies.find(({ name }) => name === 'lease-session')!;

let ground: Ground;
let etcd: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: false });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 2_000 });
});
afterAll(async () => {
  etcd?.close();
  await ground?.[Symbol.asyncDispose]();
});

async function registration(name: string): Promise<{ lease: string; revision: string } | undefined> {
  const found = (await etcd.range({ key: Buffer.from(`lease-session/sessions/${name}`) })).kvs[0];
  return found && { lease: found.lease, revision: found.mod_revision };
}

async function revoke(name: string): Promise<string> {
  const { lease, revision } = (await registration(name))!;
  await etcd.revokeLease(lease);
  return revision;
}

describe('lease-session', () => {
  test('the holder of a revoked lease writes nothing: the store refuses, and a new epoch begins', async () => {
    const instance = await ground.startInstance({ name: 'fenced', strategy: leaseSession });
    await ask(instance, 'PUT', '/kv/fence', { body: { value: 'held' } });
    const epoch = await revoke('fenced');
    const refused = await ask(instance, 'PUT', '/kv/fence', { body: { value: 'not held' } });
    expect([refused.status, refused.headers['x-outcome']]).toEqual([503, 'fail']);
    expect(refused.body.error).toContain(`epoch ${epoch}`);
    // The registration is gone, and the newest epoch is told all the same.
    expect(refused.body.epoch).toBe(Number(epoch));
    expect((await ask(instance, 'GET', '/kv/fence')).body.value).toBe('held');
    const again = await eventually(
      () => ask(instance, 'PUT', '/kv/fence', { body: { value: 'held again' } }),
      ({ status }) => status === 200,
    );
    expect(again.status).toBe(200);
    expect(Number((await registration('fenced'))?.revision)).toBeGreaterThan(Number(epoch));
    expect(await metric(instance, 'faultline_session_fenced_writes')).toBe(1);
    await instance.stop();
  });

  test('also a compare and a transaction are refused without the lease, before they are compared', async () => {
    const instance = await ground.startInstance({ name: 'fenced2', strategy: leaseSession });
    await revoke('fenced2');
    const cas = { body: { value: 1, expectedRevision: 0 } };
    expect((await ask(instance, 'PUT', '/kv/fence-cas', cas)).status).toBe(503);
    await revokedAgain('fenced2', instance);
    const tx = { compare: [], success: [{ op: 'put', key: 'fence-tx', value: 1 }], failure: [] };
    expect((await ask(instance, 'PUT', '/tx', { body: tx })).status).toBe(503);
    for (const key of ['fence-cas', 'fence-tx']) {
      expect((await ask(instance, 'GET', `/kv/${key}?consistency=linearizable`)).status).toBe(404);
    }
    await instance.stop();
  });

  async function revokedAgain(name: string, instance: Instance): Promise<void> {
    await eventually(
      () => metric(instance, 'faultline_session_active'),
      (active) => active === 1,
    );
    await revoke(name);
  }

  test('that the lease is gone is noticed without a write', async () => {
    const instance = await ground.startInstance({ name: 'noticed', strategy: leaseSession });
    const epoch = await revoke('noticed');
    await eventually(
      () => metric(instance, 'faultline_session_registrations'),
      (registrations) => registrations === 2,
    );
    expect(Number((await registration('noticed'))?.revision)).toBeGreaterThan(Number(epoch));
    expect(await metric(instance, 'faultline_session_fenced_writes')).toBe(0);
    await instance.stop();
  });

  test('its registration vanishes when it stops', async () => {
    const instance = await ground.startInstance({ name: 'leaving', strategy: leaseSession });
    expect(await registration('leaving')).toBeDefined();
    await instance.stop();
    expect(await registration('leaving')).toBeUndefined();
  });

  test('its registration vanishes with its lease when it is killed', async () => {
    const instance = await ground.startInstance({ name: 'killed', strategy: leaseSession });
    await instance.kill();
    expect(await registration('killed')).toBeDefined();
    await eventually(
      () => registration('killed'),
      (found) => found === undefined,
      8_000,
    );
  });

  test('without etcd it serves its copy, marked stale, refuses writes, and comes back by itself', async () => {
    await using link = await testLink(ground.etcd);
    const instance = await ground.startInstance({ name: 'cut', strategy: leaseSession, etcd: link.address });
    await ask(instance, 'PUT', '/kv/cut', { body: { value: 'before' } });
    link.refuse(true);
    await eventually(
      () => metric(instance, 'faultline_session_offline'),
      (offline) => offline === 1,
      8_000,
    );
    await etcd.txn({
      success: [
        { request_put: { key: Buffer.from('lease-session/kv/cut'), value: Buffer.from('"meanwhile"') } },
      ],
    });
    for (const grade of ['session', 'eventual']) {
      const read = await ask(instance, 'GET', `/kv/cut?consistency=${grade}`);
      expect(read).toMatchObject({ status: 200, body: { value: 'before' }, headers: { 'x-cache': 'stale' } });
      expect(Number(read.headers['x-stale-ms'])).toBeGreaterThan(leaseSessionTimes(0.2).maxStaleMs);
    }
    // A client that has seen more than the copy holds is not led back.
    const seen = await ask(instance, 'GET', '/kv/cut?consistency=session', { sessionToken: '999999' });
    expect([seen.status, seen.headers['x-outcome']]).toEqual([503, 'fail']);
    const linearizable = await ask(instance, 'GET', '/kv/cut?consistency=linearizable');
    expect([503, 504]).toContain(linearizable.status);
    const startedAtMs = performance.now();
    const write = await ask(instance, 'PUT', '/kv/cut', { body: { value: 'lost' } });
    expect([write.status, write.headers['x-outcome']]).toEqual([503, 'fail']);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect((await ask(instance, 'GET', '/healthz')).status).toBe(503);

    link.refuse(false);
    await eventually(
      () => ask(instance, 'GET', '/kv/cut?consistency=session'),
      ({ body, headers }) => body.value === 'meanwhile' && headers['x-cache'] === 'hit',
      8_000,
    );
    expect((await ask(instance, 'PUT', '/kv/cut', { body: { value: 'after' } })).status).toBe(200);
    await instance.stop();
  });

  test('a paused instance does not take its copy for fresh when it wakes', async () => {
    const instance = await ground.startInstance({ name: 'paused', strategy: leaseSession });
    await ask(instance, 'PUT', '/kv/paused', { body: { value: 'old' } });
    await instance.pause();
    await etcd.txn({
      success: [
        { request_put: { key: Buffer.from('lease-session/kv/paused'), value: Buffer.from('"new"') } },
      ],
    });
    await new Promise((resolve) => setTimeout(resolve, leaseSessionTimes(0.2).maxStaleMs + 200));
    await instance.resume();
    const read = await ask(instance, 'GET', '/kv/paused?consistency=eventual');
    expect(read.body.value === 'new' || read.headers['x-cache'] === 'stale').toBe(true);
    await instance.stop();
  });
});
