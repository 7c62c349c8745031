import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memberId } from '../../harness/cluster/member-status.ts';
import { arrived, type PeerTraffic, peerTraffic } from '../../harness/cluster/peer-traffic.ts';
import { divide } from '../../harness/nemesis/divide.ts';
import { isolateFollower } from '../../harness/nemesis/isolate-follower.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { killInstance } from '../../harness/nemesis/kill-instance.ts';
import { killInstances } from '../../harness/nemesis/kill-instances.ts';
import { killMember } from '../../harness/nemesis/kill-member.ts';
import { oneWay } from '../../harness/nemesis/one-way.ts';
import { pauseInstance } from '../../harness/nemesis/pause-instance.ts';
import { pauseMember } from '../../harness/nemesis/pause-member.ts';
import { restartInstance } from '../../harness/nemesis/restart-instance.ts';
import { slowPeers } from '../../harness/nemesis/slow-peers.ts';
import { seeded } from '../../harness/random.ts';
import { eventually, get, put, type TestWorld } from '../cluster/world.ts';
import { answers, instancesAnswer, startGround, whole } from './ground.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await startGround();
});
afterAll(() => world?.[Symbol.asyncDispose]());
const unbroken = () => whole(world);
const allAnswer = () => instancesAnswer(world);

async function leaderOf(member: string): Promise<string | null | undefined> {
  const status = (await world.cluster.status()).find((s) => s.member === member);
  return status?.reachable ? status.leader : undefined;
}

async function others(name: string): Promise<string[]> {
  return world.cluster.members.map((m) => m.name).filter((other) => other !== name);
}

describe('isolate-leader', () => {
  test.each(['blackhole', 'reject', 'hold'] as const)(
    '(%s): another leads, the old one knows none',
    async (flavour) => {
      const { cluster } = world;
      await unbroken();
      const old = (await cluster.leader()).name;
      const rest = await others(old);
      const injected = await isolateLeader({ flavour }).inject(world);
      try {
        expect(injected.sentence).toBe(
          `${old}, the leader, was cut off from ${rest.join(' and ')} (${flavour})`,
        );
        expect(injected.targets).toEqual([old]);
        await eventually(async () => expect((await cluster.leader()).name).not.toBe(old));
        await eventually(async () => expect(await leaderOf(old)).toBe(null));
        await expect(get(cluster, old, 'unbroken', 500)).rejects.toThrow();
        await eventually(async () => {
          for (const name of rest) await put(cluster, name, 'during', name, 1_000);
        });
      } finally {
        await injected.heal();
      }
      await unbroken();
      expect(await get(cluster, old, 'during')).toBe(rest.at(-1));
    },
  );
});

test('isolate-follower: the follower knows no leader, the leader goes on', async () => {
  const { cluster } = world;
  await unbroken();
  const leader = (await cluster.leader()).name;
  const injected = await isolateFollower().inject(world);
  try {
    const [follower] = injected.targets as [string];
    expect(follower).not.toBe(leader);
    await eventually(async () => expect(await leaderOf(follower)).toBe(null));
    await expect(get(cluster, follower, 'unbroken', 500)).rejects.toThrow();
    expect((await cluster.leader()).name).toBe(leader);
    await put(cluster, leader, 'during', 'isolate-follower');
  } finally {
    await injected.heal();
  }
  await unbroken();
});

test('divide: members and instances on two sides that do not reach each other; the larger elects', async () => {
  const { cluster, network } = world;
  /** Who reaches whom, of instances and members. */
  const ways = () =>
    Promise.all(
      network.links
        .filter(({ from }) => from.startsWith('s'))
        .map(async ({ from, to, listen }) => {
          const [signal, headers] = [AbortSignal.timeout(1_000), { connection: 'close' }];
          const passes = await fetch(`http://${listen}/version`, { signal, headers }).then(
            ({ ok }) => ok,
            () => false,
          );
          return { from, to, passes };
        }),
    );
  await unbroken();
  const old = (await cluster.leader()).name;
  const injected = await divide({ flavour: 'reject' }).inject(world);
  try {
    const [leader, beside] = injected.targets as [string, string];
    expect(injected.targets).toHaveLength(2);
    expect(leader).toBe(old);
    expect(['s1', 's2']).toContain(beside);
    await eventually(async () => expect((await cluster.leader()).name).not.toBe(old));
    for (const { from, to, passes } of await ways())
      expect([from, to, passes]).toEqual([from, to, (from === beside) === (to === old)]);
  } finally {
    await injected.heal();
  }
  await unbroken();
  await eventually(async () => expect((await ways()).every(({ passes }) => passes)).toBe(true));
});

describe('one-way', () => {
  const agent = new Agent({ pipelining: 0 });
  afterAll(() => agent.destroy());
  async function traffic(): Promise<PeerTraffic> {
    const asked = { agent, timeoutMs: 2_000 };
    const members = world.cluster.members.map(async ({ name, clientAddress }) => ({
      name,
      clientAddress,
      id: await memberId({ name, clientAddress }, asked),
    }));
    return peerTraffic(await Promise.all(members), asked);
  }

  test.each(['from-leader', 'to-leader'] as const)('%s: only that direction is silent', async (direction) => {
    const { cluster } = world;
    await unbroken();
    const old = (await cluster.leader()).name;
    const rest = await others(old);
    const fromLeader = (follower: string) => ({ from: old, to: follower });
    const toLeader = (follower: string) => ({ from: follower, to: old });
    const [cut, open] = direction === 'from-leader' ? [fromLeader, toLeader] : [toLeader, fromLeader];
    const injected = await oneWay({ direction }).inject(world);
    try {
      await sleep(300);
      const before = await traffic();
      // A leader that is not heard, or does not hear, is replaced.
      await eventually(async () => expect((await cluster.leader()).name).not.toBe(old));
      await sleep(300);
      const after = await traffic();
      for (const follower of rest) {
        expect(arrived([cut(follower)], before, after)).toEqual([]);
      }
      expect(arrived(rest.map(open), before, after)).not.toEqual([]);
    } finally {
      await injected.heal();
    }
    await unbroken();
  });
});

describe('slow-peers', () => {
  /** The quickest of a few, since what is to be seen is the least that a write takes. */
  async function writeMs(): Promise<number> {
    const leader = (await world.cluster.leader()).name;
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const startedMs = performance.now();
      await put(world.cluster, leader, 'slow', String(i));
      times.push(performance.now() - startedMs);
    }
    return Math.min(...times);
  }

  test('a write takes the delay of both ways longer, until it is healed', async () => {
    await unbroken();
    const quickMs = await writeMs();
    const injected = await slowPeers({ latencyMs: 60, jitterMs: 10 }).inject(world);
    try {
      expect(injected.sentence).toBe('everything between m1, m2 and m3 was delayed by 60 ± 10 ms');
      // There and back, each at least 50 ms.
      expect(await writeMs()).toBeGreaterThan(100);
    } finally {
      await injected.heal();
    }
    await unbroken();
    expect(quickMs).toBeLessThan(100);
    await eventually(async () => expect(await writeMs()).toBeLessThan(100));
  });

  test.each([
    [{ latencyMs: 50, jitterMs: 80 }, 'jitterMs should be between 0 and latencyMs (50), got 80'],
    [{ latencyMs: -1 }, 'latencyMs should be a whole number, 0 or more, got -1'],
    [{ latencyMs: 1.5 }, 'latencyMs should be a whole number, 0 or more, got 1.5'],
  ])('%j is refused when the scenario is written', (options, message) => {
    expect(() => slowPeers(options)).toThrow(message);
  });
});

test('kill-member: it is down, another leads, and it comes back with what it missed', async () => {
  const { cluster } = world;
  await unbroken();
  const old = await cluster.leader();
  const injected = await killMember().inject(world);
  try {
    expect(injected.sentence).toBe(`${old.name}, the leader, was killed`);
    expect(old.state).toEqual({ state: 'down' });
    const next = await cluster.leader();
    expect(next.name).not.toBe(old.name);
    await put(cluster, next.name, 'during', 'kill-member');
  } finally {
    await injected.heal();
  }
  expect(await get(cluster, old.name, 'during')).toBe('kill-member');
  await unbroken();
});

test('pause-member: it does not answer, another leads, and it follows when it goes on', async () => {
  const { cluster } = world;
  await unbroken();
  const old = await cluster.leader();
  const injected = await pauseMember({ role: 'leader' }).inject(world);
  try {
    expect(injected.sentence).toBe(`${old.name}, the leader, was paused`);
    expect(old.state.state).toBe('paused');
    expect((await cluster.leader()).name).not.toBe(old.name);
    expect(await leaderOf(old.name)).toBe(undefined);
  } finally {
    await injected.heal();
  }
  await unbroken();
});

describe.each([
  ['kill-instance', killInstance, 'was killed'],
  ['pause-instance', pauseInstance, 'was paused'],
  ['restart-instance', restartInstance, 'was shut down'],
] as const)('%s', (name, nemesis, was) => {
  test('one instance, drawn from the seed, is silent until it heals; the others answer', async () => {
    const drawn = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const injected = await nemesis().inject({ ...world, random: seeded(seed) });
      try {
        const [target] = injected.targets as [string];
        drawn.add(target);
        expect(injected.sentence).toBe(`${target} ${was}`);
        await eventually(async () => {
          for (const instance of world.instances)
            expect(await answers(instance)).toBe(instance.name !== target);
        });
      } finally {
        await injected.heal();
      }
      await allAnswer();
    }
    expect(drawn).toEqual(new Set(['s1', 's2']));
  });

  test('without an instance it says so', async () => {
    await expect(nemesis().inject({ ...world, instances: [] })).rejects.toThrow(
      'at least one service instance to strike that is up, got none',
    );
    expect(nemesis()).toMatchObject({ name, strikes: 'instances' });
  });
});

test('an instance that was killed may be restarted only once it is gone, so healing twice starts one', async () => {
  const injected = await killInstance().inject(world);
  await Promise.all([injected.heal(), injected.heal()]);
  const pids = world.instances.map(({ pid }) => pid);
  await injected.heal();
  expect(world.instances.map(({ pid }) => pid)).toEqual(pids);
});

test('kill-instances: none answers until it is healed, then all do', async () => {
  const injected = await killInstances().inject(world);
  try {
    expect(injected.sentence).toBe('s1 and s2 were killed at once');
    for (const instance of world.instances) expect(await answers(instance)).toBe(false);
    await expect(killInstances().inject(world)).rejects.toThrow('got none that is up');
    await expect(killInstance().inject(world)).rejects.toThrow('got s1 is down, s2 is down');
  } finally {
    await injected.heal();
  }
  await allAnswer();
});

test('a follower can be killed or paused, too', async () => {
  await unbroken();
  const leader = await world.cluster.leader();
  for (const nemesis of [killMember({ role: 'follower' }), pauseMember({ role: 'follower' })]) {
    const injected = await nemesis.inject(world);
    try {
      expect(injected.targets).not.toContain(leader.name);
      expect(injected.sentence).toMatch(/^m[123], a follower, was /);
      expect((await world.cluster.leader()).name).toBe(leader.name);
    } finally {
      await injected.heal();
    }
    await unbroken();
  }
});
