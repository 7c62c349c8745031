import { afterAll, beforeAll, expect, test } from 'vitest';
import { ReplicaRoute } from '../../../strategies/consistency-routing/replica-route.ts';
import { DatabaseClient } from '../../../strategies/database/database-client.ts';
import { eventually, type Ground, prepareGround } from '../ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
});
afterAll(() => ground?.[Symbol.asyncDispose]());

test('what a replica had replayed before it was restarted is not believed of the one that comes after', async () => {
  const { replica } = ground.database!;
  const client = new DatabaseClient({
    role: 'replica',
    url: replica!.url,
    deadlineMs: 2_000,
    instance: 'test',
  });
  const route = new ReplicaRoute(client);
  const { signal } = new AbortController();
  expect(await route.reached('0/1', 1_000, signal)).toBe(true);
  const before = route.replayed;
  expect(before).toBeDefined();

  // Nobody asks while it is away: that its idle connection broke is all there is to notice.
  await replica!.kill();
  await eventually(
    async () => client.lostConnections,
    (lost) => lost > 0,
  );
  expect(route.replayed).toBeUndefined();
  // An answer that was on its way since before is not believed either.
  route.shown(before, 0);
  expect(route.replayed).toBeUndefined();

  await replica!.restart();
  expect(await route.reached('0/1', 5_000, signal)).toBe(true);
  expect(route.replayed).toBeDefined();
  await client.close();
});
