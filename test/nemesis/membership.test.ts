import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MemberNotReady } from '../../harness/cluster/member-ready.ts';
import { loseData } from '../../harness/nemesis/lose-data.ts';
import type { Injected, Nemesis } from '../../harness/nemesis/nemesis.ts';
import { removeMember } from '../../harness/nemesis/remove-member.ts';
import { replaceMember } from '../../harness/nemesis/replace-member.ts';
import { ask, eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { whole } from './ground.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await startWorld(3);
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(async () => {
  await whole(world);
  // Nobody is counted who is not there, and nobody twice.
  const known = await counted('m1');
  expect([...known.keys()].sort()).toEqual(['m1', 'm2', 'm3']);
});

/** Who belongs to the cluster, as a member says: id by name. */
async function counted(asked: string): Promise<Map<string, string>> {
  const { members } = await ask(world.cluster, asked, '/v3/cluster/member/list', {});
  return new Map((members as { name?: string; ID: string }[]).map(({ name = '', ID }) => [name, ID]));
}

async function idOf(member: string): Promise<string | undefined> {
  const status = (await world.cluster.status()).find((one) => one.member === member);
  return status?.reachable ? status.id : undefined;
}

interface Seen {
  readonly struck: string;
  readonly other: string;
}

/** What is there before is there after, at the member that was struck too, under another identity. */
async function during(nemesis: Nemesis, see: (seen: Seen, injected: Injected) => Promise<void>) {
  const { cluster } = world;
  await whole(world);
  await put(cluster, 'm1', 'before', nemesis.name);
  const ids = new Map(
    await Promise.all(cluster.members.map(async ({ name }) => [name, await idOf(name)] as const)),
  );
  const injected = await nemesis.inject(world);
  const [struck] = injected.targets as [string];
  const { name: other } = cluster.members.find(({ name }) => name !== struck)!;
  try {
    await see({ struck, other }, injected);
  } finally {
    await Promise.all([injected.heal(), injected.heal()]);
  }
  await whole(world);
  expect(await get(cluster, struck, 'before')).toBe(nemesis.name);
  expect(await idOf(struck)).not.toBe(ids.get(struck));
}

test('lose-data: the others still count it and commit, and etcd does not let it start with nothing', async () => {
  await during(loseData(), async ({ struck, other }, { sentence }) => {
    expect(sentence).toBe(`${struck}, a follower, was killed and lost its data`);
    expect(world.cluster.member(struck).state).toEqual({ state: 'down' });
    expect([...(await counted(other)).keys()]).toContain(struck);
    await put(world.cluster, other, 'during', 'lose-data');
    const refused = await world.cluster
      .member(struck)
      .restart({ timeoutMs: 20_000 })
      .catch((error) => error);
    expect(refused).toBeInstanceOf(MemberNotReady);
    expect(String(refused)).toContain('has already been bootstrapped');
  });
});

test('remove-member: the others no longer count it, and go on; a new one takes its place', async () => {
  await during(removeMember({ role: 'leader' }), async ({ struck, other }, { sentence }) => {
    expect(sentence).toBe(`${struck}, the leader, was removed from the cluster`);
    await eventually(async () => expect([...(await counted(other)).keys()]).not.toContain(struck));
    expect((await counted(other)).size).toBe(2);
    await eventually(async () => void (await put(world.cluster, other, 'during', 'remove-member', 1_000)));
  });
});

test('replace-member: the new one has what it has never been told, over the links of the old one', async () => {
  const { network } = world;
  const passed = async (member: string) => {
    const traffic = await network.traffic();
    const links = network.links.filter(({ to }) => to === member);
    return links.map(({ proxy }) => traffic.get(proxy)!.upstreamBytes);
  };
  let before: number[] = [];
  let struck = '';
  await during(replaceMember(), async (seen, { sentence }) => {
    struck = seen.struck;
    expect(sentence).toBe(`${struck}, a follower, was replaced by a new member with an empty data folder`);
    before = await passed(struck);
    await put(world.cluster, seen.other, 'during', 'replace-member');
  });
  for (const [i, bytes] of (await passed(struck)).entries()) expect(bytes).toBeGreaterThan(before[i]!);
  // No way around the links: cut, the new member is alone.
  const links = network.links.filter(({ from, to }) => from === struck || to === struck);
  const cut = await network.cut(links, 'reject');
  try {
    await eventually(async () => await expect(get(world.cluster, struck, 'during', 500)).rejects.toThrow());
  } finally {
    await cut.heal();
  }
});

test('a cluster whose runtime cannot change who belongs to it says so, and nothing is done', async () => {
  const { cluster } = world;
  const fixed = Object.create(cluster, { membership: { value: undefined } });
  for (const nemesis of [loseData(), removeMember(), replaceMember()])
    await expect(nemesis.inject({ ...world, cluster: fixed })).rejects.toThrow('take the local runtime');
});
