import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../../harness/random.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { DistributedLock, type HeldLock, LockLost, TokenFence } from '../../../strategies/etcd/lock.ts';
import { eventually, type Ground, prepareGround } from '../ground.ts';
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

const patience = () => AbortSignal.timeout(20_000);
const lease = { ttlSeconds: 2 };

function clientAt(address: string): CarefulClient {
  return new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 1_000 });
}

async function inQueue(queue: string): Promise<number> {
  const end = Buffer.from(`${queue.slice(0, -1)}0`);
  return (await direct.range({ key: Buffer.from(queue), range_end: end })).kvs.length;
}

const put = (key: string, value: string) => ({
  success: [{ request_put: { key: Buffer.from(key), value: Buffer.from(value) } }],
});

describe('a DistributedLock', () => {
  test('is held in the order in which they asked, with tokens that grow', async () => {
    const lock = new DistributedLock(direct, 'order/', lease);
    const first = await lock.acquire(patience());
    const order: string[] = [];
    const tokens: number[] = [first.token];
    const others: Promise<void>[] = [];
    for (const [i, name] of ['b', 'c', 'd'].entries()) {
      others.push(
        lock.acquire(patience()).then(async (held) => {
          order.push(name);
          tokens.push(held.token);
          await held.release();
        }),
      );
      await eventually(
        () => inQueue('order/'),
        (waiting) => waiting === i + 2,
      );
    }
    expect(order).toEqual([]);
    await first.release();
    expect(first.lost.aborted).toBe(true);
    await Promise.all(others);
    expect(order).toEqual(['b', 'c', 'd']);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(4);
    expect(await inQueue('order/')).toBe(0);
  });

  test('one who gives up in the queue leaves it, and those behind do not wait for him', async () => {
    const lock = new DistributedLock(direct, 'left/', lease);
    const first = await lock.acquire(patience());
    const leaving = new AbortController();
    const second = lock.acquire(leaving.signal);
    await eventually(
      () => inQueue('left/'),
      (waiting) => waiting === 2,
    );
    const third = lock.acquire(patience());
    await eventually(
      () => inQueue('left/'),
      (waiting) => waiting === 3,
    );
    leaving.abort(new Error('no more patience'));
    await expect(second).rejects.toThrow('no more patience');
    expect(await inQueue('left/')).toBe(2);
    await first.release();
    await (await third).release();
  });

  test('a holder that is cut off learns of its loss before another holds, and the store refuses it', async () => {
    await using link = await testLink(ground.etcd);
    const cutOff = clientAt(link.address);
    const held = await new DistributedLock(cutOff, 'cut/', lease).acquire(patience());
    await held.guarded(put('guarded', 'by the first'));
    // Renewed: it outlives its first TTL as long as the link is whole.
    await sleep(2_500);
    expect(held.heldForMs).toBeGreaterThan(0);
    let lostAtMs = 0;
    held.lost.addEventListener('abort', () => {
      lostAtMs = performance.now();
    });
    link.mode = 'hold';
    const next = await new DistributedLock(direct, 'cut/', lease).acquire(patience());
    const nextAtMs = performance.now();
    expect(lostAtMs).toBeGreaterThan(0);
    expect(lostAtMs).toBeLessThan(nextAtMs);
    expect(String(held.lost.reason)).toContain('no renewal was acknowledged');
    expect(next.token).toBeGreaterThan(held.token);
    await next.guarded(put('guarded', 'by the second'));
    // Held up all this time, and sent on now: as of a process that was paused and woke.
    link.mode = 'pass';
    link.reset();
    const late = await eventually(
      () => held.guarded(put('guarded', 'by the first, late')).catch((error: unknown) => error),
      (error) => error instanceof LockLost,
    );
    expect(late).toMatchObject({ token: held.token });
    const { kvs } = await direct.range({ key: Buffer.from('guarded') });
    expect(kvs[0]!.value.toString()).toBe('by the second');
    const fence = new TokenFence();
    expect([next.token, held.token, next.token].map((token) => fence.admits(token))).toEqual([
      true,
      false,
      true,
    ]);
    await next.release();
    cutOff.close();
  }, 40_000);

  test('no two ever hold it at once, whatever befalls their links', async () => {
    const random = seeded(7);
    const holds: { who: number; token: number; fromMs: number; toMs: number }[] = [];
    const links: TestLink[] = [];
    const until = AbortSignal.timeout(12_000);
    const contend = async (who: number) => {
      const link = await testLink(ground.etcd);
      links.push(link);
      const client = clientAt(link.address);
      const lock = new DistributedLock(client, 'contended/', lease);
      const chance = random.fork(`contender ${who}`);
      while (!until.aborted) {
        let held: HeldLock;
        try {
          held = await lock.acquire(until);
        } catch {
          continue;
        }
        const fromMs = performance.now();
        const cut = chance.number() < 0.25;
        if (cut) link.mode = 'hold';
        // Works until it is done, or learns that it has lost.
        await sleep(cut ? 3_000 : chance.integer(20, 120), undefined, { signal: held.lost }).catch(() => {});
        holds.push({ who, token: held.token, fromMs, toMs: performance.now() });
        link.mode = 'pass';
        if (cut) link.reset();
        await held.release();
      }
      client.close();
    };
    await Promise.all([0, 1, 2, 3].map(contend));
    for (const link of links) await link[Symbol.asyncDispose]();
    holds.sort((a, b) => a.fromMs - b.fromMs);
    const overlaps = holds.filter((hold, i) => i > 0 && hold.fromMs < holds[i - 1]!.toMs);
    expect(overlaps).toEqual([]);
    const tokens = holds.map(({ token }) => token);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(new Set(holds.map(({ who }) => who)).size).toBeGreaterThan(1);
    expect(holds.length).toBeGreaterThan(4);
  }, 40_000);
});
