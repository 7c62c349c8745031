import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { HeldLease } from '../../../strategies/etcd/held-lease.ts';
import { prepareGround } from '../../strategies/ground.ts';
import { testLink } from '../../strategies/link.ts';
import type { ClientTrap } from '../trap.ts';

const ttlSeconds = 2;

/**
 * The library tells `lost` two lives after the last renewal; the server lets the lease go after one. In between its
 * holder believes what is not true any more, and another may hold what it takes for its own.
 */
export const lateLost: ClientTrap = {
  name: 'lease-lost-told-late',
  scenario: 'the holder of a lease is cut off',
  violation: 'lease',
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    await using link = await testLink(ground.etcd);
    const direct = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    const holder =
      which === 'default' ? await libraryHolder(link.address) : await carefulHolder(link.address);
    try {
      await sleep(200);
      link.mode = 'hold';
      // A renewal of 0 seconds is the server's word that there is no such lease; to ask renews it, so it is asked late.
      await sleep(ttlSeconds * 1_000 + 800);
      const { kvs } = await direct.range({ key: Buffer.from(holder.key) });
      if (kvs.length > 0)
        return { state: 'failed', reason: 'the server still had the lease after TTL + 800 ms' };
      if (!holder.believes()) return { state: 'silent' };
      return log.saw('lease', `the server had let the lease go, and its holder still believed in it`);
    } finally {
      link.mode = 'pass';
      link.reset();
      await holder.close();
      direct.close();
    }
  },
};

interface Holder {
  /** Vanishes with the lease. */
  readonly key: string;
  believes(): boolean;
  close(): Promise<void>;
}

async function libraryHolder(address: string): Promise<Holder> {
  const client = new Etcd3({ hosts: [`http://${address}`] });
  const lease = client.lease(ttlSeconds);
  let lost = false;
  lease.on('lost', () => {
    lost = true;
  });
  await lease.put('held').value('by the library');
  return {
    key: 'held',
    believes: () => !lost,
    close: async () => {
      lease.release();
      client.close();
    },
  };
}

async function carefulHolder(address: string): Promise<Holder> {
  const client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 600 });
  const lease = await HeldLease.grant(client, { ttlSeconds });
  const put = { key: Buffer.from('held'), value: Buffer.from('with care'), lease: lease.id };
  await client.txn({ success: [{ request_put: put }] });
  return {
    key: 'held',
    believes: () => lease.aliveForMs > 0,
    close: async () => {
      await lease.end();
      client.close();
    },
  };
}
