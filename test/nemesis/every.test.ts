import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nemeses } from '../../harness/nemesis/list.ts';
import type { TestWorld } from '../cluster/world.ts';
import { startGround, whole } from './ground.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await startGround();
});
afterAll(() => world?.[Symbol.asyncDispose]());

// Those that strike the database have a suite of their own.
const able = await Promise.all(nemeses.map(async ({ unavailable }) => (await unavailable?.()) === undefined));
const here = nemeses.filter(({ strikes }, i) => able[i] && !strikes?.startsWith('database'));
describe.each(here.map((nemesis) => [nemesis.name, nemesis] as const))('%s', (_name, nemesis) => {
  test('tells whom it hits, and what it heals is whole, twice over', async () => {
    const injected = await nemesis.inject(world);
    try {
      expect(injected.targets.length).toBeGreaterThan(0);
      for (const target of injected.targets) expect(injected.sentence).toContain(target);
      await sleep(200);
    } finally {
      await Promise.all([injected.heal(), injected.heal()]);
    }
    await injected.heal();
    await whole(world);
  });
});
