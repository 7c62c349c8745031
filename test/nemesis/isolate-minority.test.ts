import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isolateFollower } from '../../harness/nemesis/isolate-follower.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { isolateMinority } from '../../harness/nemesis/isolate-minority.ts';
import { majoritiesRing } from '../../harness/nemesis/majorities-ring.ts';
import { oneWay } from '../../harness/nemesis/one-way.ts';
import { slowPeers } from '../../harness/nemesis/slow-peers.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { linksUntouched, refusing } from './ground.ts';

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

  test('majorities-ring: each reaches two others, no two the same ones, and the cluster commits', async () => {
    const { cluster, network } = world;
    const names = cluster.members.map((member) => member.name);
    await eventually(async () => void (await cluster.leader()));
    const injected = await majoritiesRing({ flavour: 'reject' }).inject(world);
    try {
      const cut = await refusing(network);
      expect(cut.size).toBe(10);
      const reached = names.map((a) =>
        names.filter((b) => b !== a && !cut.has(`${a}->${b}`) && !cut.has(`${b}->${a}`)).join(),
      );
      expect(reached.map((others) => others.split(',').length)).toEqual([2, 2, 2, 2, 2]);
      expect(new Set(reached).size).toBe(5);
      await eventually(async () => {
        const puts = names.map((name) => put(cluster, name, 'k', 'on a ring', 1_000));
        await Promise.any(puts);
      }, 20_000);
    } finally {
      await injected.heal();
    }
    expect(await refusing(network)).toEqual(new Set());
    await linksUntouched(world);
    await eventually(async () => {
      for (const name of names) await put(cluster, name, 'k', 'healed', 1_000);
    }, 20_000);
  });
});

test('what is between members cannot be broken where there is but one', async () => {
  await using world = await startWorld(1);
  for (const nemesis of [isolateLeader(), isolateFollower(), isolateMinority(), oneWay(), slowPeers()]) {
    await expect(nemesis.inject(world)).rejects.toThrow(/a cluster of one member \(m1\) has no peers/);
  }
});
