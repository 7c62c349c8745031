import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultBudget } from '../../../harness/checker/checker.ts';
import { linearizability } from '../../../harness/checker/linearizability.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { seeded } from '../../../harness/random.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../../strategies/etcd/careful-watch.ts';
import { FollowedKeys } from '../../../strategies/etcd/followed-keys.ts';
import { LatestView, ReadConsistencyTimeout } from '../../../strategies/etcd/latest-view.ts';
import { type Ground, prepareGround } from '../ground.ts';
import { type TestLink, testLink } from '../link.ts';

let ground: Ground;
let direct: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: false });
  direct = clientAt(ground.etcd);
});
afterAll(async () => {
  direct?.close();
  await ground?.[Symbol.asyncDispose]();
});

function clientAt(address: string): CarefulClient {
  return new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 1_000 });
}

/**
 * A copy whose stream has a link of its own, so that it can lag while etcd answers at once. The beginning of it is
 * awaited.
 */
async function copyBehind(link: TestLink, prefix: string) {
  const followed = clientAt(link.address);
  const keys = new FollowedKeys(prefix);
  const watch = new CarefulWatch(followed, prefix, keys);
  await watch.ready;
  const view = new LatestView(direct, keys, { limitMs: 400, markerKey: `${prefix}marker` });
  const close = () => {
    watch.close();
    followed.close();
  };
  return { keys, view, close };
}

/** Writers at etcd, readers of a lagging copy: the history of both. */
async function record(prefix: string, read: 'after waiting' | 'at once') {
  await using link = await testLink(ground.etcd);
  const { keys, view, close } = await copyBehind(link, prefix);
  const random = seeded(11);
  const operations: Operation[] = [];
  const untilMs = performance.now() + 3_000;
  const timed = async (
    process: number,
    f: 'read' | 'write' | 'delete',
    key: string,
    run: () => Promise<unknown>,
  ) => {
    const invokeNs = performance.now() * 1e6;
    const common = { process, f, key, invokeNs, ...(f === 'read' && { grade: 'linearizable' as const }) };
    try {
      const value = await run();
      operations.push({ ...common, value, outcome: 'ok', returnNs: performance.now() * 1e6 });
    } catch (error) {
      if (!(error instanceof ReadConsistencyTimeout)) throw error;
      const returnNs = performance.now() * 1e6;
      operations.push({ ...common, value: undefined, outcome: 'fail', returnNs, error: error.name });
    }
  };
  const writer = async (process: number) => {
    const chance = random.fork(`writer ${process}`);
    for (let i = 0; performance.now() < untilMs; i++) {
      const key = `k${chance.integer(0, 2)}`;
      const at = Buffer.from(prefix + key);
      const value = chance.number() < 0.2 ? null : `${process}-${i}`;
      const request =
        value === null
          ? { request_delete_range: { key: at } }
          : { request_put: { key: at, value: Buffer.from(JSON.stringify(value)) } };
      await timed(process, value === null ? 'delete' : 'write', key, async () => {
        await direct.txn({ success: [request] });
        return value;
      });
      await sleep(chance.integer(5, 25));
    }
  };
  const reader = async (process: number) => {
    const chance = random.fork(`reader ${process}`);
    while (performance.now() < untilMs) {
      const key = `k${chance.integer(0, 2)}`;
      await timed(process, 'read', key, async () => {
        if (read === 'after waiting') await view.reached();
        return keys.get(key)?.value ?? null;
      });
      await sleep(chance.integer(2, 12));
    }
  };
  const lagging = (async () => {
    while (performance.now() < untilMs) {
      await sleep(150);
      link.mode = 'hold';
      await sleep(120);
      link.mode = 'pass';
      if (random.number() < 0.3) link.reset();
    }
  })();
  await Promise.all([writer(0), writer(1), reader(2), reader(3), reader(4), lagging]);
  close();
  const reads = operations.filter(({ f, outcome }) => f === 'read' && outcome === 'ok').length;
  return { history: { operations, faults: [] }, reads, view };
}

describe('a LatestView', () => {
  test('makes reads of a copy that lags linearizable, as the checker finds', async () => {
    const { history, reads, view } = await record('waited/', 'after waiting');
    const verdict = linearizability().check(history, defaultBudget);
    expect(verdict).toMatchObject({ valid: true });
    expect(reads).toBeGreaterThan(50);
    // Reads that came together shared a question.
    expect(view.questions).toBeLessThanOrEqual(history.operations.filter(({ f }) => f === 'read').length);
  }, 40_000);

  test('and the same reads without it are not', async () => {
    const { history, reads } = await record('unwaited/', 'at once');
    expect(reads).toBeGreaterThan(50);
    expect(linearizability().check(history, defaultBudget).valid).toBe(false);
  }, 40_000);

  test('a copy that does not come in time ends in its own error, and is not read', async () => {
    await using link = await testLink(ground.etcd);
    const { view, close } = await copyBehind(link, 'late/');
    link.mode = 'hold';
    const written = await direct.txn({
      success: [{ request_put: { key: Buffer.from('late/k'), value: Buffer.from('1') } }],
    });
    const startedAtMs = performance.now();
    const error = await view.reached(200).catch((thrown: unknown) => thrown);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(error).toBeInstanceOf(ReadConsistencyTimeout);
    expect(error).toMatchObject({ message: expect.stringContaining('read consistency timeout: the copy') });
    expect((error as ReadConsistencyTimeout).revision).toBeGreaterThanOrEqual(
      Number(written.header.revision),
    );
    link.mode = 'pass';
    expect(await view.reached(5_000)).toBeGreaterThanOrEqual(Number(written.header.revision));
    close();
  });

  test('a write that the copy does not follow is passed by a marker', async () => {
    await using link = await testLink(ground.etcd);
    const { view, close } = await copyBehind(link, 'followed/');
    const elsewhere = await direct.txn({
      success: [{ request_put: { key: Buffer.from('elsewhere'), value: Buffer.from('1') } }],
    });
    expect(await view.reached(5_000)).toBeGreaterThan(Number(elsewhere.header.revision));
    expect(view.nudges).toBe(1);
    close();
  });

  test('reads that come together share a question, and none takes the answer of one sent before it', async () => {
    const sent: ((revision: number) => void)[] = [];
    const etcd = {
      range: () =>
        new Promise((resolve) => {
          sent.push((revision) => resolve({ header: { revision: String(revision) } }));
        }),
    } as unknown as CarefulClient;
    const copy = { revision: 100, waitFor: async (revision: number) => revision <= 9 };
    const view = new LatestView(etcd, copy, { limitMs: 1_000, markerKey: 'm' });
    const first = view.reached();
    const later = [view.reached(), view.reached(), view.reached()];
    expect(sent).toHaveLength(1);
    sent[0]!(5);
    await first;
    expect(sent).toHaveLength(2);
    sent[1]!(9);
    await Promise.all(later);
    expect(view.questions).toBe(2);
  });
});
