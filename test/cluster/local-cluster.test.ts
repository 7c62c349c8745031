import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalCluster } from '../../harness/cluster/local-cluster.ts';
import { MemberNotReady } from '../../harness/cluster/member-ready.ts';
import { isFree } from '../../harness/process/free-port.ts';
import { ask, curveShownAt, eventually, get, put, startWorld, type TestWorld } from './world.ts';

describe('three members', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startWorld(3);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test('know each other by names that only the router can reach, and every link carries', async () => {
    const { cluster, network } = world;
    const { members } = await ask(cluster, 'm1', '/v3/cluster/member/list', {});
    expect((members as { peerURLs: string[] }[]).flatMap((m) => m.peerURLs).sort()).toEqual([
      'https://192.0.2.1:2380',
      'https://192.0.2.2:2380',
      'https://192.0.2.3:2380',
    ]);
    expect(network.links.map((link) => link.proxy).sort()).toEqual([
      'm1->m2',
      'm1->m3',
      'm2->m1',
      'm2->m3',
      'm3->m1',
      'm3->m2',
    ]);
    await eventually(async () => {
      for (const [link, bytes] of await network.traffic())
        expect([link, bytes.upstreamBytes > 0, bytes.downstreamBytes > 0]).toEqual([link, true, true]);
    });
  });

  test('show each other a certificate whose handshakes cost little', async () => {
    const curves = await Promise.all(world.network.links.map(({ listen }) => curveShownAt(listen)));
    expect(new Set(curves)).toEqual(new Set(['P-256']));
  });

  test('tell their status: one leader, one term, the revision of the last write', async () => {
    const { cluster, etcd } = world;
    const leader = await cluster.leader();
    const revision = await put(cluster, 'm2', 'k', 'v1');
    await eventually(async () => {
      const statuses = await cluster.status();
      expect(statuses.map((s) => s.member)).toEqual(['m1', 'm2', 'm3']);
      for (const status of statuses) {
        expect(status).toMatchObject({
          reachable: true,
          leader: leader.name,
          revision,
          version: etcd.version,
          term: expect.any(Number),
          raftIndex: expect.any(Number),
        });
      }
    });
  });

  test('one that is killed is down while the others go on, and comes back with what it missed', async () => {
    const { cluster } = world;
    const killed = (await cluster.leader()).name === 'm1' ? 'm2' : 'm1';
    const member = cluster.member(killed);
    expect(member.state).toMatchObject({ state: 'up', pid: expect.any(Number) });
    await expect(member.restart()).rejects.toThrow(`${killed} should be down to be restarted, but is up`);
    await member.kill();
    expect(member.state).toEqual({ state: 'down' });
    await member.kill();
    await expect(member.pause()).rejects.toThrow(/is down/);
    expect((await cluster.status()).find((s) => s.member === killed)).toMatchObject({
      reachable: false,
      reason: expect.stringMatching(/ECONNREFUSED/),
    });
    await put(cluster, 'm3', 'k', 'while it was down');
    await member.restart();
    expect(member.state.state).toBe('up');
    expect(await get(cluster, killed, 'k')).toBe('while it was down');
  });

  test('one that is paused does not answer, and goes on when it is resumed', async () => {
    const { cluster } = world;
    const leader = (await cluster.leader()).name;
    const member = cluster.members.find((m) => m.name !== leader)!;
    await member.pause();
    expect(member.state.state).toBe('paused');
    const status = (await cluster.status({ timeoutMs: 200 })).find((s) => s.member === member.name);
    expect(status).toEqual({ member: member.name, reachable: false, reason: 'no answer within 200 ms' });
    expect((await cluster.leader()).name).toBe(leader);
    await member.resume();
    expect(member.state.state).toBe('up');
    await eventually(async () => expect(await get(cluster, member.name, 'k')).toBe('while it was down'));
  });

  test('one that ends by itself is seen to be down', async () => {
    const { cluster } = world;
    const member = cluster.member('m3');
    const { state } = member;
    if (state.state !== 'up') throw new Error(`m3 should be up, is ${state.state}`);
    process.kill(state.pid, 'SIGKILL');
    await eventually(async () => expect(member.state).toEqual({ state: 'down' }));
    await member.restart();
    expect((await cluster.leader()).name).toMatch(/^m[123]$/);
  });

  test('a leader that died is not the leader, whatever the others still believe', async () => {
    const { cluster } = world;
    const old = await cluster.leader();
    await old.kill();
    const next = await cluster.leader();
    expect(next.name).not.toBe(old.name);
    await old.restart();
  });

  test('an unknown member is said with those that there are', () => {
    expect(() => world.cluster.member('m4')).toThrow('there is no member m4; there are m1, m2, m3');
  });
});

test('a single member has a leader and no links, and leaves nothing when it is disposed', async () => {
  await using world = await startWorld(1);
  const { cluster, network, folder } = world;
  expect(network.links).toEqual([]);
  expect((await cluster.leader()).name).toBe('m1');
  await put(cluster, 'm1', 'k', 'v');
  const [member] = cluster.members;
  const { state } = member!;
  await cluster[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  expect(member!.state).toEqual({ state: 'down' });
  expect(existsSync(`/proc/${state.state === 'up' ? state.pid : 0}/exe`)).toBe(false);
  expect(await isFree(Number(member!.clientAddress.split(':')[1]))).toBe(true);
  expect(await readFile(join(folder, 'm1.log'), 'utf8')).toMatch(/became leader at term/);
});

test('members that cannot start are told with their last lines, and nothing stays', async () => {
  const started = performance.now();
  const failing = startWorld(3, { extraArgs: ['--auto-compaction-retention=nonsense'] });
  const error = await failing.then(
    () => new Error('should have been rejected'),
    (e) => e,
  );
  expect(error).toBeInstanceOf(MemberNotReady);
  expect(error.message).toMatch(
    /^m[123] ended with \d before it was ready; its last output was:\n[\s\S]*nonsense/,
  );
  // At once, not when the time for getting ready is over.
  expect(performance.now() - started).toBeLessThan(15_000);
});

test('without a majority of peers that can be reached a member is not ready in time', async () => {
  await using world = await startWorld(1);
  const { supervisor, etcd, folder } = world;
  const unreachable = await createNetworkWithoutWays(world);
  const failing = startLocalCluster({
    supervisor,
    network: unreachable,
    etcd,
    members: 3,
    folder: join(folder, 'unreachable'),
    readyTimeoutMs: 1_500,
  });
  await expect(failing).rejects.toThrow(/^m[123] did not become ready in 1500 ms; its last output was:\n/);
});

/** Links that refuse from the beginning. */
async function createNetworkWithoutWays(world: TestWorld): Promise<TestWorld['network']> {
  const { network } = world;
  return {
    ...network,
    get links() {
      return network.links;
    },
    link: (from, to) => network.link(from, to),
    add: async (link) => {
      const added = await network.add(link);
      await network.cut([added], 'reject');
      return added;
    },
  } as TestWorld['network'];
}

test.each([
  [{ members: 2 }, 'members should be 1, 3, 5 or 7, got 2'],
  [{ members: 3, heartbeatMs: 100, electionMs: 400 }, 'electionMs should be at least 5 x heartbeatMs (500)'],
] as const)('%j is refused before anything is started', async (options, message) => {
  const nothing = undefined as never;
  const start = startLocalCluster({
    supervisor: nothing,
    network: nothing,
    etcd: nothing,
    folder: '/nowhere',
    ...options,
  } as never);
  await expect(start).rejects.toThrow(message);
  await expect(start).rejects.toBeInstanceOf(RangeError);
});
