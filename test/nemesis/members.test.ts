import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Member } from '../../harness/cluster/cluster.ts';
import { crashLoop } from '../../harness/nemesis/crash-loop.ts';
import { killDuringCompaction } from '../../harness/nemesis/kill-during-compaction.ts';
import { rollingRestart } from '../../harness/nemesis/rolling-restart.ts';
import { stopMember } from '../../harness/nemesis/stop-member.ts';
import { transferLeader } from '../../harness/nemesis/transfer-leader.ts';
import { seeded } from '../../harness/random.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { whole } from './ground.ts';

let world: TestWorld;
beforeAll(async () => {
  // Compactions then take long enough to be killed in the middle.
  world = await startWorld(3, { compactionBatchLimit: 5 });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const unbroken = () => whole(world);
afterEach(unbroken);

function pidOf({ state }: Member): number | undefined {
  return state.state === 'down' ? undefined : state.pid;
}

test('stop-member: the leader hands over before it goes, and comes back', async () => {
  await unbroken();
  const { cluster } = world;
  const old = await cluster.leader();
  const injected = await stopMember().inject(world);
  try {
    expect(injected.sentence).toBe(`${old.name}, the leader, was shut down`);
    expect(old.state).toEqual({ state: 'down' });
    const next = await cluster.leader();
    expect(next.name).not.toBe(old.name);
    await put(cluster, next.name, 'during', 'stop-member');
  } finally {
    await injected.heal();
  }
  expect(await get(cluster, old.name, 'during')).toBe('stop-member');
});

test('crash-loop: it comes back and is killed again, until it is healed', async () => {
  const { cluster } = world;
  const injected = await crashLoop({ upMs: 50 }).inject(world);
  const looping = cluster.member(injected.targets[0]!);
  const seen = new Set<number>();
  try {
    await eventually(async () => {
      const pid = pidOf(looping);
      if (pid !== undefined) seen.add(pid);
      expect(seen.size).toBeGreaterThan(1);
    }, 20_000);
  } finally {
    await injected.heal();
  }
  const pid = pidOf(looping);
  await unbroken();
  expect(pidOf(looping)).toBe(pid);
});

test('kill-during-compaction: it takes up what it had begun, and has what the others have', async () => {
  const { cluster } = world;
  let written = 0;
  for (; written < 100; written++) await put(cluster, 'm1', 'compacted', `${written}`);
  const injected = await killDuringCompaction().inject(world);
  const killed = cluster.member(injected.targets[0]!);
  const log = () => readFile(killed.logPath, 'utf8');
  const resumed = /resume scheduled compaction/gi;
  const before = (await log()).match(resumed)?.length ?? 0;
  try {
    expect(injected.sentence).toMatch(
      /^m\d, (the leader|a follower), was killed when it had begun to compact its history up to revision \d+$/,
    );
    expect(killed.state).toEqual({ state: 'down' });
  } finally {
    await injected.heal();
  }
  expect((await log()).match(resumed)?.length ?? 0).toBe(before + 1);
  expect(await get(cluster, killed.name, 'compacted')).toBe(`${written - 1}`);
});

test('rolling-restart: each is another process afterwards, and never two are down', async () => {
  const { cluster } = world;
  const before = cluster.members.map(pidOf);
  const injected = await rollingRestart({ pauseMs: 50 }).inject(world);
  try {
    await eventually(async () => {
      expect(cluster.members.filter(({ state }) => state.state === 'down').length).toBeLessThan(2);
      cluster.members.forEach((member, i) => {
        expect(member.state.state).toBe('up');
        expect(pidOf(member)).not.toBe(before[i]);
      });
    }, 30_000);
  } finally {
    await injected.heal();
  }
});

test('rolling-restart that is healed at once leaves nobody down', async () => {
  const injected = await rollingRestart().inject(world);
  await injected.heal();
  expect(world.cluster.members.map((m) => m.state.state)).toEqual(['up', 'up', 'up']);
});

test('transfer-leader: the one that it names leads, in a later term', async () => {
  const { cluster } = world;
  const term = async () => Math.max(...(await cluster.status()).map((s) => (s.reachable ? s.term : 0)));
  for (const seed of [1, 2]) {
    const termBefore = await term();
    const { sentence, targets } = await transferLeader().inject({ ...world, random: seeded(seed) });
    const [old, next] = targets;
    expect(sentence).toBe(`${old}, the leader, handed over to ${next}`);
    await eventually(async () => expect((await cluster.leader()).name).toBe(next));
    expect(await term()).toBeGreaterThan(termBefore);
  }
});
