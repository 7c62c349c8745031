import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../strategies/etcd/careful-watch.ts';
import { FollowedKeys } from '../../strategies/etcd/followed-keys.ts';
import { MemberChoice } from '../../strategies/etcd/member-choice.ts';
import { EtcdFailed, outcomeOf } from '../../strategies/etcd/outcome.ts';
import { BatchWriter, NameTaken } from '../../strategies/write-behind/batch-writer.ts';
import { eventually, type Ground, prepareGround } from './ground.ts';
import { testLink } from './link.ts';

let ground: Ground;
let direct: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: false });
  direct = clientOf({ m1: ground.etcd });
});
afterAll(async () => {
  direct?.close();
  await ground?.[Symbol.asyncDispose]();
});

function clientOf(addresses: Record<string, string>, deadlineMs = 600): CarefulClient {
  const etcd = Object.entries(addresses).map(([member, address]) => ({ member, address }));
  return new CarefulClient({ etcd, deadlineMs });
}

const put = (client: CarefulClient, key: string, value: unknown) =>
  client.txn({
    success: [{ request_put: { key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) } }],
  });

async function get(key: string): Promise<{ value: unknown; version: number; revision: number } | null> {
  const found = (await direct.range({ key: Buffer.from(key) })).kvs[0];
  if (!found) return null;
  return {
    value: JSON.parse(found.value.toString()),
    version: Number(found.version),
    revision: Number(found.mod_revision),
  };
}

describe('outcomeOf', () => {
  test.each([
    [4, 'Deadline exceeded', 'info'],
    [14, 'read ECONNRESET', 'info'],
    [14, 'etcdserver: request timed out', 'info'],
    [14, 'etcdserver: no leader', 'fail'],
    [8, 'etcdserver: too many requests', 'fail'],
    [8, 'Received message larger than max', 'info'],
    [3, 'etcdserver: duplicate key given in txn request', 'fail'],
    [5, 'etcdserver: requested lease not found', 'fail'],
    [11, 'etcdserver: mvcc: required revision has been compacted', 'fail'],
    [99, 'a code that nobody knows', 'info'],
  ] as const)('%s %s is %s', (code, text, outcome) => {
    expect(outcomeOf(code, text)).toBe(outcome);
  });
});

describe('MemberChoice', () => {
  const at = { ms: 0 };
  const choice = () => {
    at.ms = 1_000;
    return new MemberChoice(['m1', 'm2', 'm3'], 0, () => at.ms);
  };
  test('stays with a member until it fails, and never moves for the failure of another', () => {
    const members = choice();
    members.failed('m2', 'silent');
    expect(members.current).toBe('m1');
    members.failed('m1', 'refused');
    expect(members.current).toBe('m3');
  });
  test('prefers one that refused to one that was silent, and forgives both in time', () => {
    const members = choice();
    members.failed('m1', 'silent');
    members.failed('m2', 'refused');
    members.failed('m3', 'refused');
    at.ms += 100;
    expect(members.current).toBe('m2');
    members.failed('m2', 'refused');
    expect(members.current).toBe('m3');
    at.ms += 5_000;
    members.failed('m3', 'refused');
    expect(members.current).toBe('m1');
  });
  test('a single member is asked again and again', () => {
    const one = new MemberChoice(['m1']);
    one.failed('m1', 'silent');
    expect(one.current).toBe('m1');
  });
});

describe('CarefulClient', () => {
  test('a put whose answer is lost was sent once, ends as info within its deadline', async () => {
    await using link = await testLink(ground.etcd);
    const client = clientOf({ m1: link.address });
    await put(client, 'lost', 'before');
    link.mode = 'deaf';
    const startedAtMs = performance.now();
    const failure = await put(client, 'lost', 'after').catch((error: unknown) => error);
    const tookMs = performance.now() - startedAtMs;
    expect(failure).toBeInstanceOf(EtcdFailed);
    expect(failure).toMatchObject({ outcome: 'info', code: 4, member: 'm1', call: 'txn', silent: true });
    expect(tookMs).toBeGreaterThan(500);
    expect(tookMs).toBeLessThan(3_000);
    link.mode = 'pass';
    await sleep(300);
    // Written exactly twice altogether: a hidden retry would show as a third version.
    expect(await get('lost')).toMatchObject({ value: 'after', version: 2 });
    client.close();
  });

  test('the next call goes to another member, and an answered one stays', async () => {
    await using black = await testLink(ground.etcd);
    black.mode = 'hold';
    const client = clientOf({ m1: black.address, m2: ground.etcd });
    await expect(client.range({ key: Buffer.from('x') })).rejects.toThrow('range at m1: DEADLINE_EXCEEDED');
    expect(client.choice.current).toBe('m2');
    await client.range({ key: Buffer.from('x') });
    await client.range({ key: Buffer.from('x') });
    expect(client.choice.current).toBe('m2');
    client.close();
  });

  test('a request that etcd finds wrong is a fail and no mark against the member', async () => {
    const client = clientOf({ m1: ground.etcd, m2: ground.etcd });
    const twice = { request_put: { key: Buffer.from('twice'), value: Buffer.from('1') } };
    const failure = await client.txn({ success: [twice, twice] }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ outcome: 'fail', code: 3 });
    expect(client.choice.current).toBe('m1');
    client.close();
  });

  test('a refused connection is no answer that hangs', async () => {
    await using link = await testLink(ground.etcd);
    const client = clientOf({ m1: link.address });
    await client.range({ key: Buffer.from('x') });
    link.refuse(true);
    await expect(client.range({ key: Buffer.from('x') })).rejects.toMatchObject({ code: 14 });
    link.refuse(false);
    await eventually(
      () =>
        client.range({ key: Buffer.from('x') }).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    client.close();
  });

  test('leases: ids stay texts, a renewal counts from its sending, a revoked one has no life left', async () => {
    const lease = await direct.grantLease(5);
    expect(lease.id).toMatch(/^\d{10,}$/);
    const beforeMs = performance.now();
    const renewed = await direct.renewLease(lease.id);
    expect(renewed.ttlSeconds).toBe(5);
    expect(renewed.sentAtMs).toBeGreaterThanOrEqual(beforeMs);
    await direct.revokeLease(lease.id);
    expect((await direct.renewLease(lease.id)).ttlSeconds).toBe(0);
  });

  test('calls under way survive the failure of others and the end of streams at the same member', async () => {
    const client = clientOf({ m1: ground.etcd }, 2_000);
    const lease = await client.grantLease(5);
    const calls = Array.from({ length: 60 }, (_, i) => {
      if (i % 3 === 0) return client.renewLease(lease.id).then(() => 'ok');
      if (i % 3 === 1) return put(client, `beside${i}`, i).then(() => 'ok');
      return client.range({ key: Buffer.from('x') }, { deadlineMs: 0 }).catch(() => 'late');
    });
    const ends = await Promise.all(calls);
    expect(ends.filter((end) => end === 'ok')).toHaveLength(40);
    client.close();
  });
});

describe('CarefulWatch', () => {
  test('no change is lost, however often its connection breaks', async () => {
    await using link = await testLink(ground.etcd);
    const prefix = `watched/${randomUUID()}/`;
    const keys = new FollowedKeys(prefix);
    const client = clientOf({ m1: link.address });
    const watch = new CarefulWatch(client, prefix, keys);
    await watch.ready;
    const expected = new Map<string, unknown>();
    let cuts = 0;
    for (let i = 0; i < 150; i++) {
      if (i % 25 === 10) {
        // Only a stream that lives can be cut.
        await eventually(
          () => watch.counters.streams,
          (streams) => streams === cuts + 1,
        );
        link.reset();
        cuts += 1;
      }
      const key = `k${i % 17}`;
      if (i % 7 === 0) {
        await direct.txn({ success: [{ request_delete_range: { key: Buffer.from(prefix + key) } }] });
        expected.set(key, null);
      } else {
        await put(direct, prefix + key, i);
        expected.set(key, i);
      }
    }
    const shown = () => [...expected.keys()].map((key) => keys.get(key)?.value ?? null);
    await eventually(shown, (seen) => JSON.stringify(seen) === JSON.stringify([...expected.values()]));
    expect([cuts, watch.reconnects]).toEqual([6, 6]);
    watch.close();
    client.close();
  });

  test('a copy never goes back, whatever arrives late', () => {
    const keys = new FollowedKeys('p/');
    keys.learn('k', 'new', 10);
    keys.learn('k', 'old', 7);
    keys.listed([], 9);
    expect(keys.get('k')).toEqual({ value: 'new', revision: 10 });
    keys.listed([], 12);
    keys.learn('k', 'deleted by then', 11);
    expect(keys.get('k')).toEqual({ value: null, revision: 12 });
  });
});

describe('BatchWriter', () => {
  const signal = new AbortController().signal;
  function writerOf(client: CarefulClient, name: string): BatchWriter {
    return new BatchWriter(client, { progressKey: `${name}/progress`, prefix: `${name}/kv/` }, signal);
  }

  test('a batch whose answers are lost is written once, and overwrites nothing that came after it', async () => {
    await using link = await testLink(ground.etcd);
    const client = clientOf({ m1: link.address }, 300);
    const writer = writerOf(client, 'once');
    await writer.start();
    expect(await writer.write([{ id: 1, key: 'a', value: 'first' }])).toBeGreaterThan(0);
    link.mode = 'deaf';
    const written = writer.write([{ id: 2, key: 'a', value: 'second' }]);
    const applied = await eventually(
      () => get('once/kv/a'),
      (seen) => seen?.value === 'second',
    );
    await put(direct, 'once/kv/a', 'of another');
    link.mode = 'pass';
    link.reset();
    expect(await written).toBe(applied!.revision);
    expect(writer.retries).toBeGreaterThan(0);
    expect(await get('once/kv/a')).toMatchObject({ value: 'of another', version: 3 });
    client.close();
  });

  test('a second writer of the same name ends the first, and neither undoes the other', async () => {
    const first = writerOf(direct, 'named');
    const second = writerOf(direct, 'named');
    await first.start();
    await first.write([{ id: 1, key: 'a', value: 1 }]);
    await second.start();
    await expect(first.write([{ id: 2, key: 'a', value: 'late' }])).rejects.toThrow(NameTaken);
    await second.write([{ id: 1, key: 'a', value: 2 }]);
    await second.write([{ id: 2, key: 'a', value: 3 }]);
    await expect(first.write([{ id: 2, key: 'a', value: 'late' }])).rejects.toThrow(NameTaken);
    expect((await get('named/kv/a'))?.value).toBe(3);
  });

  test('what a last life had under way when it died never applies after the next has looked', async () => {
    await using link = await testLink(ground.etcd);
    const dying = clientOf({ m1: link.address }, 5_000);
    const before = writerOf(dying, 'lives');
    await before.start();
    await before.write([{ id: 1, key: 'a', value: 'drained' }]);
    link.mode = 'hold';
    const late = before.write([{ id: 2, key: 'a', value: 'under way' }]).catch((error: unknown) => error);

    const after = writerOf(direct, 'lives');
    expect((await after.start()).drained).toEqual([1]);
    link.mode = 'pass';
    expect(await late).toBeInstanceOf(NameTaken);
    expect(await get('lives/kv/a')).toMatchObject({ value: 'drained', version: 1 });
    await after.write([{ id: 2, key: 'a', value: 'of the next life' }], [1]);
    const again = writerOf(direct, 'lives');
    expect((await again.start()).drained).toEqual([1, 2]);
    dying.close();
  });
});
