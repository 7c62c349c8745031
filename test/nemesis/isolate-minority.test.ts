import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isolateFollower } from '../../harness/nemesis/isolate-follower.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { isolateMinority } from '../../harness/nemesis/isolate-minority.ts';
import { oneWay } from '../../harness/nemesis/one-way.ts';
import { slowPeers } from '../../harness/nemesis/slow-peers.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';

describe('five members', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startWorld(5);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test.each(['inside', 'outside'] as const)('two are apart from three, the leader %s', async (leader) => {
    const { cluster } = world;
    const old = (await cluster.leader()).name;
    const injected = await isolateMinority({ leader }).inject(world);
    const minority = injected.targets;
    const majority = cluster.members.map((m) => m.name).filter((name) => !minority.includes(name));
    try {
      expect(minority).toHaveLength(2);
      expect(minority.includes(old)).toBe(leader === 'inside');
      await eventually(async () => {
        const leaderNow = (await cluster.leader()).name;
        expect(majority).toContain(leaderNow);
        for (const status of await cluster.status()) {
          const expected = majority.includes(status.member) ? leaderNow : null;
          expect(status).toMatchObject({ reachable: true, leader: expected });
        }
      });
      for (const name of minority) await expect(get(cluster, name, 'k', 300)).rejects.toThrow();
      for (const name of majority) await put(cluster, name, 'k', `${leader} ${name}`);
    } finally {
      await injected.heal();
    }
    await eventually(async () => {
      for (const { name } of cluster.members)
        expect(await get(cluster, name, 'k', 1_000)).toBe(`${leader} ${majority.at(-1)}`);
    });
  });
});

test('what is between members cannot be broken where there is but one', async () => {
  await using world = await startWorld(1);
  for (const nemesis of [isolateLeader(), isolateFollower(), isolateMinority(), oneWay(), slowPeers()]) {
    await expect(nemesis.inject(world)).rejects.toThrow(/a cluster of one member \(m1\) has no peers/);
  }
});
