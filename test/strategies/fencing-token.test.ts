import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../harness/service/instance.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { strategies } from '../../strategies/list.ts';
import { type Answer, ask, eventually, type Ground, prepareGround } from './ground.ts';

let ground: Ground;
let etcd: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 2_000 });
});
afterAll(async () => {
  etcd?.close();
  await ground?.[Symbol.asyncDispose]();
});

const started = (name: string): Promise<Instance> =>
  ground.startInstance({
    name: `fencing-${name}`,
    strategy: strategies.find((strategy) => strategy.name === name)!,
  });

function write(instance: Instance, value: unknown, headers: Record<string, string>): Promise<Answer> {
  return ask(instance, 'PUT', '/kv/fenced', { body: { value }, headers });
}

describe('the Fencing-Token', () => {
  test('of a lease that has ended is refused with the newest epoch, by writes and transactions', async () => {
    const instance = await started('lease-session');
    const first = await write(instance, 'first', {});
    const token = first.headers['fencing-token']!;
    expect(token).toMatch(/^\d+:\d+$/);
    const held = await write(instance, 'held', { 'Fencing-Token': token });
    expect([held.status, held.headers['fencing-token']]).toEqual([200, token]);

    await etcd.revokeLease(token.split(':')[0]!);
    // The instance registers anew, and others may write again; the session of the token is over all the same.
    const again = await eventually(
      () => write(instance, 'of the next session', {}),
      ({ status }) => status === 200,
    );
    const newest = again.headers['fencing-token']!;
    const epoch = Number(newest.split(':')[1]);
    const tx = { compare: [], success: [{ op: 'put', key: 'fenced', value: 'late' }], failure: [] };
    const headers = { 'Fencing-Token': token };
    for (const refused of [
      await write(instance, 'late', headers),
      await ask(instance, 'PUT', '/tx', { body: tx, headers }),
      await ask(instance, 'DELETE', '/kv/fenced', { headers }),
    ]) {
      expect([refused.status, refused.headers['x-outcome'], refused.body.epoch]).toEqual([
        412,
        'fail',
        epoch,
      ]);
      expect(refused.body.error).toContain(`the newest epoch is ${epoch}`);
    }
    expect((await ask(instance, 'GET', '/kv/fenced')).body.value).toBe('of the next session');
    // A stale token of a client costs the instance nothing: it still holds its lease.
    expect((await write(instance, 'goes on', { 'Fencing-Token': newest })).status).toBe(200);
    await instance.stop();
  });

  test('is never passed over: a malformed one is a 400, and where there are no leases it is a 501', async () => {
    const instance = await started('lease-session');
    const malformed = await write(instance, 1, { 'Fencing-Token': 'seven' });
    expect([malformed.status, malformed.body.error]).toEqual([400, expect.stringContaining("got 'seven'")]);
    const remembered = await write(instance, 1, { 'Idempotency-Key': 'k' });
    expect([remembered.status, remembered.headers['x-outcome']]).toEqual([501, 'fail']);
    await instance.stop();
    for (const name of ['consistency-routing', 'write-behind']) {
      const other = await started(name);
      const refused = await write(other, 1, { 'Fencing-Token': '1:1' });
      expect([refused.status, refused.headers['x-outcome']]).toEqual([501, 'fail']);
      expect((await ask(other, 'GET', '/kv/fenced')).status).toBe(404);
      await other.stop();
    }
  });
});
