import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../harness/random.ts';
import type { Instance } from '../../harness/service/instance.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { prefixRange } from '../../strategies/etcd/prefix.ts';
import { strategies, variants } from '../../strategies/list.ts';
import { ask, eventually, type Ground, metric, prepareGround } from './ground.ts';

/** FAULTLINE_KILLS=50 for a long evening. */
const kills = Number(process.env.FAULTLINE_KILLS ?? 10);
const clients = 8;

let ground: Ground;
let etcd: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 10_000 });
});
afterAll(async () => {
  etcd?.close();
  await ground?.[Symbol.asyncDispose]();
});

interface Outcome {
  readonly acknowledged: number;
  /** Acknowledged, and in the end not in etcd. */
  readonly lost: number;
  /** Keys that in the end have less than what was acknowledged last. */
  readonly backward: readonly string[];
}

/** Writes until the instance dies, again and again. Every write has a key of its own, and counts up one that all share. */
async function killedUnderLoad(name: string): Promise<Outcome> {
  const strategy = [...strategies, ...variants].find((one) => one.name === name)!;
  const instance = await ground.startInstance({
    name: 'dying',
    strategy,
    dataFolder: join(ground.folder, name),
  });
  const random = seeded(31).fork(name);
  const acknowledged = new Set<string>();
  const counted = new Map<string, number>();
  for (let kill = 0; kill < kills; kill++) {
    const load = Array.from({ length: clients }, (_, i) =>
      writeUntilDead(instance, `${i}`, kill, { acknowledged, counted }),
    );
    // So many acknowledgements later, not so much time: a crowded machine does not make it a smaller test.
    const enough = acknowledged.size + random.integer(20, 150);
    await eventually(
      () => acknowledged.size,
      (size) => size >= enough,
      20_000,
    );
    await instance.kill();
    await Promise.all(load);
    await instance.restart();
  }
  await eventually(
    () => metric(instance, 'faultline_queue_writes'),
    (waiting) => waiting === 0,
    20_000,
  );
  await instance.stop();
  const prefix = `${name}/kv/`;
  const { kvs } = await etcd.range(prefixRange(prefix));
  const there = new Map(
    kvs.map((kv) => [kv.key.toString().slice(prefix.length), JSON.parse(kv.value.toString())]),
  );
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((key) => !there.has(key)).length,
    backward: [...counted].filter(([key, count]) => !(there.get(key) >= count)).map(([key]) => key),
  };
}

async function writeUntilDead(
  instance: Instance,
  client: string,
  life: number,
  seen: { acknowledged: Set<string>; counted: Map<string, number> },
): Promise<void> {
  for (let i = 0; ; i++) {
    const counter = i % 4 === 3;
    const key = counter ? `counter-${client}` : `own-${client}-${life}-${i}`;
    const value = life * 1_000_000 + i;
    try {
      const { status } = await ask(instance, 'PUT', `/kv/${key}`, { body: { value } });
      if (status !== 200) throw new Error(`expected 200, got ${status}`);
    } catch {
      // Dead. Whether this one was taken, nobody knows.
      return;
    }
    if (counter) seen.counted.set(key, value);
    else seen.acknowledged.add(key);
  }
}

describe(`killed with kill -9 under load, ${kills} times`, () => {
  test('write-behind loses nothing that it acknowledged, and goes back nowhere', {
    timeout: kills * 15_000,
  }, async () => {
    const outcome = await killedUnderLoad('write-behind');
    console.log(
      `write-behind, ${kills} kills: ${outcome.lost} of ${outcome.acknowledged} acknowledged writes lost`,
    );
    expect(outcome.acknowledged).toBeGreaterThanOrEqual(kills * 20);
    expect(outcome).toMatchObject({ lost: 0, backward: [] });
  });

  test('with its queue in memory only it does, and the test would see it', {
    timeout: kills * 15_000,
  }, async () => {
    const outcome = await killedUnderLoad('write-behind-memory');
    console.log(
      `write-behind-memory, ${kills} kills: ${outcome.lost} of ${outcome.acknowledged} acknowledged writes lost`,
    );
    expect(outcome.lost).toBeGreaterThan(0);
    expect(outcome.lost).toBeLessThan(outcome.acknowledged);
  });
});
