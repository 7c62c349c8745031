import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { HeldLease } from '../../../strategies/etcd/held-lease.ts';
import { eventually, type Ground, prepareGround } from '../ground.ts';
import { testLink } from '../link.ts';

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

const ttlSeconds = 3;

function clientAt(address: string): CarefulClient {
  return new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 1_000 });
}

/** A key that vanishes with the lease shows what the server has. */
async function hang(lease: HeldLease, key: string): Promise<void> {
  const put = { key: Buffer.from(key), value: Buffer.from('here'), lease: lease.id };
  await direct.txn({ compare: [], success: [{ request_put: put }], failure: [] });
}

async function isThere(key: string): Promise<boolean> {
  return (await direct.range({ key: Buffer.from(key) })).kvs.length === 1;
}

describe('a HeldLease', () => {
  test('lives for longer than its time to live while its renewals are acknowledged', async () => {
    const lease = await HeldLease.grant(direct, { ttlSeconds });
    await hang(lease, 'renewed');
    await sleep(ttlSeconds * 1_000 + 1_500);
    // A machine that stood still for that long has lost it, and says so.
    if (!lease.lost.aborted) {
      expect(lease.aliveForMs).toBeGreaterThan(0);
      expect(lease.aliveForMs).toBeLessThanOrEqual(ttlSeconds * 900);
      expect(await isThere('renewed')).toBe(true);
    }
    await lease.end();
    expect(lease.lost.aborted).toBe(true);
    expect(lease.aliveForMs).toBe(0);
    expect(await isThere('renewed')).toBe(false);
  });

  test('is lost while the server still has it when nobody answers its renewals', async () => {
    await using link = await testLink(ground.etcd);
    const client = clientAt(link.address);
    const lease = await HeldLease.grant(client, { ttlSeconds });
    await hang(lease, 'unheard');
    let wasThere: Promise<boolean> | undefined;
    lease.lost.addEventListener('abort', () => {
      wasThere = isThere('unheard');
    });
    // Deaf, not cut: what the server hears goes on to renew it there, and proves nothing to who does not hear back.
    link.mode = 'deaf';
    await eventually(
      () => lease.lost.aborted,
      (lost) => lost,
      20_000,
    );
    expect(await wasThere).toBe(true);
    expect((lease.lost.reason as Error).message).toMatch(
      /^lease \d+ is lost: no renewal was acknowledged in/,
    );
    client.close();
  });

  test('never comes back: an answer after its loss does not renew it', async () => {
    await using link = await testLink(ground.etcd);
    const client = clientAt(link.address);
    const lease = await HeldLease.grant(client, { ttlSeconds });
    link.mode = 'deaf';
    await eventually(
      () => lease.lost.aborted,
      (lost) => lost,
      20_000,
    );
    link.mode = 'pass';
    link.reset();
    await sleep(1_500);
    expect(lease.aliveForMs).toBe(0);
    client.close();
  });

  test('is lost at the next renewal when the server has let it go', async () => {
    const lease = await HeldLease.grant(direct, { ttlSeconds });
    await direct.revokeLease(lease.id);
    await eventually(
      () => lease.lost.aborted,
      (lost) => lost,
      10_000,
    );
    expect((lease.lost.reason as Error).message).toMatch(
      /is lost: (the server has let the lease go|no renewal)/,
    );
  });

  test('cannot be had of a server that is away', async () => {
    await using link = await testLink(ground.etcd);
    link.refuse(true);
    const client = clientAt(link.address);
    await expect(HeldLease.grant(client, { ttlSeconds })).rejects.toThrow(/lease grant/);
    client.close();
  });
});
