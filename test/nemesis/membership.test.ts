import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { MemberNotReady } from '../../harness/cluster/member-ready.ts';
import { addMember } from '../../harness/nemesis/add-member.ts';
import { loseData } from '../../harness/nemesis/lose-data.ts';
import type { Injected, Nemesis } from '../../harness/nemesis/nemesis.ts';
import { removeMember } from '../../harness/nemesis/remove-member.ts';
import { replaceMember } from '../../harness/nemesis/replace-member.ts';
import { ask, eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { whole } from './ground.ts';

// Longer than a membership change is tried: what then fails says why.
vi.setConfig({ testTimeout: 120_000 });

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

/** What a member answers that clients are not told of, over the address that the cluster tells. */
async function askGuest(name: string, path: string, body: object): Promise<Record<string, unknown>> {
  const { members } = await ask(world.cluster, 'm1', '/v3/cluster/member/list', {});
  const listed = members as { readonly name?: string; readonly clientURLs?: readonly string[] }[];
  const url = listed.find((member) => member.name === name)?.clientURLs?.[0];
  if (url === undefined) throw new Error(`${name} has told no address yet: ${JSON.stringify(listed)}`);
  const response = await fetch(url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(1_000),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

test('add-member: the others count four, the fourth has what was there, over links of its own', async () => {
  const { cluster, network } = world;
  const key = Buffer.from('before').toString('base64');
  const grown = async (): Promise<void> => {
    await whole(world);
    await put(cluster, 'm1', 'before', 'add-member');
    const { sentence, targets, heal } = await addMember().inject(world);
    try {
      expect(sentence).toBe('m4, a new member with an empty data folder, was added');
      expect(targets).toEqual(['m4']);
      await eventually(async () => {
        const { kvs } = await askGuest('m4', '/v3/kv/range', { key });
        expect(kvs).toEqual([
          expect.objectContaining({ value: Buffer.from('add-member').toString('base64') }),
        ]);
      }, 30_000);
      expect([...(await counted('m1')).keys()].sort()).toEqual(['m1', 'm2', 'm3', 'm4']);
      expect(cluster.members.map(({ name }) => name)).toEqual(['m1', 'm2', 'm3']);
      // No way around its links: cut, it is alone, and the others are not.
      const links = network.links.filter(({ from, to }) => from === 'm4' || to === 'm4');
      expect(links.map(({ proxy }) => proxy).sort()).toEqual([
        'm1->m4',
        'm2->m4',
        'm3->m4',
        'm4->m1',
        'm4->m2',
        'm4->m3',
      ]);
      const cut = await network.cut(links, 'reject');
      try {
        await eventually(async () => await expect(askGuest('m4', '/v3/kv/range', { key })).rejects.toThrow());
        await eventually(async () => void (await put(cluster, 'm1', 'during', 'add-member', 1_000)));
      } finally {
        await cut.heal();
      }
    } finally {
      await Promise.all([heal(), heal()]);
    }
    expect((await counted('m1')).size).toBe(3);
  };
  await grown();
  // And once more, with an identity of its own again.
  await grown();
});

test('a cluster whose runtime cannot change who belongs to it says so, and nothing is done', async () => {
  const { cluster } = world;
  const fixed = Object.create(cluster, { membership: { value: undefined } });
  for (const nemesis of [loseData(), addMember(), removeMember(), replaceMember()])
    await expect(nemesis.inject({ ...world, cluster: fixed })).rejects.toThrow('take the local runtime');
});
