import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { busyMembers } from '../../harness/nemesis/busy-members.ts';
import { compact } from '../../harness/nemesis/compact.ts';
import { defragment } from '../../harness/nemesis/defragment.ts';
import { leaseStorm } from '../../harness/nemesis/lease-storm.ts';
import type { Injected, Nemesis } from '../../harness/nemesis/nemesis.ts';
import { quotaReached } from '../../harness/nemesis/quota-reached.ts';
import { watcherStorm } from '../../harness/nemesis/watcher-storm.ts';
import { ask, eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await startWorld(3);
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(async () => {
  for (const { name } of world.cluster.members) {
    await put(world.cluster, name, 'after', name);
    expect(await get(world.cluster, name, 'after')).toBe(name);
  }
});

async function during(nemesis: Nemesis, see: (injected: Injected) => Promise<void>): Promise<void> {
  const injected = await nemesis.inject(world);
  try {
    await see(injected);
  } finally {
    await Promise.all([injected.heal(), injected.heal()]);
  }
}

/** One figure of the member's own. */
async function metric(member: string, name: string): Promise<number> {
  const { clientAddress } = world.cluster.member(member);
  const text = await (await fetch(`http://${clientAddress}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

test('compact: what was before is gone, and what is now is not', async () => {
  const first = await put(world.cluster, 'm1', 'k', 'first');
  const readFirst = () =>
    ask(world.cluster, 'm1', '/v3/kv/range', { key: Buffer.from('k').toString('base64'), revision: first });
  expect(await readFirst()).toMatchObject({ count: '1' });
  await put(world.cluster, 'm1', 'k', 'second');
  await during(compact({ everyMs: 50 }), async () => {
    await eventually(async () => {
      await expect(readFirst()).rejects.toThrow('required revision has been compacted');
    });
    expect(await get(world.cluster, 'm1', 'k')).toBe('second');
  });
  const kept = await put(world.cluster, 'm1', 'k', 'third');
  await put(world.cluster, 'm1', 'k', 'fourth');
  await sleep(200);
  // Nobody compacts any more.
  const body = { key: Buffer.from('k').toString('base64'), revision: kept };
  expect(await ask(world.cluster, 'm1', '/v3/kv/range', body)).toMatchObject({ count: '1' });
});

test('defragment: each member does it in turn, as it counts itself, and no more once it is healed', async () => {
  const count = async () => {
    const names = world.cluster.members.map(({ name }) => name);
    return await Promise.all(
      names.map((name) => metric(name, 'etcd_disk_backend_defrag_duration_seconds_count')),
    );
  };
  const before = await count();
  await during(defragment({ everyMs: 20 }), async () => {
    await eventually(async () => {
      const now = await count();
      for (const [i, n] of now.entries()) expect(n).toBeGreaterThan(before[i]!);
    });
  });
  const healed = await count();
  await sleep(150);
  expect(await count()).toEqual(healed);
});

test('busy-members: the members have its writes to do, and none once it is healed', async () => {
  const revision = () => put(world.cluster, 'm1', 'k', 'mine');
  const before = await revision();
  await during(busyMembers({ perSecond: 200, bytes: 100 }), async ({ sentence }) => {
    expect(sentence).toBe('m1, m2 and m3 were kept busy with 200 other writes of 100 bytes a second');
    await eventually(async () => expect(await revision()).toBeGreaterThan(before + 200));
  });
  // Writes that were under way when it healed may still be applied: until two of mine follow one another.
  await eventually(async () => {
    const first = await revision();
    await sleep(200);
    expect(await revision()).toBe(first + 1);
  });
});

test('lease-storm: so many leases at once, and neither lease nor key is left', async () => {
  const leases = async () =>
    ((await ask(world.cluster, 'm1', '/v3/lease/leases', {})).leases as unknown[] | undefined)?.length ?? 0;
  const stormKeys = async () => {
    const [from, to] = ['faultline-storm/', 'faultline-storm0'].map((k) => Buffer.from(k).toString('base64'));
    const body = { key: from, range_end: to, count_only: true };
    return Number((await ask(world.cluster, 'm1', '/v3/kv/range', body)).count ?? 0);
  };
  await during(leaseStorm({ leases: 60, ttlSeconds: 60 }), async ({ sentence }) => {
    expect(sentence).toMatch(/^60 leases of 60 s were granted through m\d, to expire at once$/);
    expect([await leases(), await stormKeys()]).toEqual([60, 60]);
  });
  expect([await leases(), await stormKeys()]).toEqual([0, 0]);
  await during(leaseStorm({ leases: 20, ttlSeconds: 1 }), () =>
    eventually(async () => expect([await leases(), await stormKeys()]).toEqual([0, 0]), 20_000),
  );
});

test('watcher-storm: so many watches at one member, none afterwards', async () => {
  let member = '';
  const watchers = () => metric(member, 'etcd_debugging_mvcc_watcher_total');
  await during(watcherStorm({ watchers: 40 }), async ({ targets }) => {
    member = targets[0]!;
    await eventually(async () => expect(await watchers()).toBe(40));
    await put(world.cluster, 'm1', 'k', 'seen by all');
  });
  await eventually(async () => expect(await watchers()).toBe(0));
});

test('quota-reached: writes are refused with the reason of a full store, reads are not', async () => {
  await put(world.cluster, 'm1', 'k', 'before');
  await during(quotaReached(), async () => {
    await eventually(async () => {
      await expect(put(world.cluster, 'm1', 'k', 'during')).rejects.toThrow('database space exceeded');
    });
    expect(await get(world.cluster, 'm2', 'k')).toBe('before');
  });
  await eventually(async () => void (await put(world.cluster, 'm1', 'k', 'healed')));
  expect(await ask(world.cluster, 'm1', '/v3/maintenance/alarm', { action: 'GET' })).not.toHaveProperty(
    'alarms',
  );
});
