import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fullDisk } from '../../harness/nemesis/full-disk.ts';
import { mountingRefused, mountsUnder } from '../../harness/process/mounts.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { whole } from './ground.ts';

const refused = await mountingRefused();
if (refused !== undefined) console.warn(`full-disk: SKIPPED, ${refused}`);

let world: TestWorld;
beforeAll(async () => {
  world = await startWorld(3);
});
afterAll(() => world?.[Symbol.asyncDispose]());

test.skipIf(refused !== undefined)(
  'full-disk: etcd ends when it needs more than it has, the others go on, and it catches up with what it had',
  async () => {
    const { cluster } = world;
    const root = dirname(world.folder);
    const large = 'x'.repeat(50_000);
    await whole(world);
    await put(cluster, 'm1', 'before', 'full-disk');
    const injected = await fullDisk().inject(world);
    const [struck] = injected.targets as [string];
    const { name: other } = cluster.members.find(({ name }) => name !== struck)!;
    try {
      expect(injected.sentence).toBe(`${struck}, a follower, had a full disk`);
      expect(await mountsUnder(root)).toHaveLength(1);
      await eventually(async () => {
        await put(cluster, other, 'during', large, 2_000);
        expect(cluster.member(struck).state.state).toBe('down');
      }, 20_000);
      const log = await readFile(cluster.member(struck).logPath, 'utf8');
      expect(log).toContain('no space left on device');
      await put(cluster, other, 'during', 'the others go on');
    } finally {
      await Promise.all([injected.heal(), injected.heal()]);
    }
    expect(await mountsUnder(root)).toEqual([]);
    await whole(world);
    expect(await get(cluster, struck, 'before')).toBe('full-disk');
    expect(await get(cluster, struck, 'during')).toBe('the others go on');
  },
);
