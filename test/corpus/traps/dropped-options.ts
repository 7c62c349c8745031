import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { prepareGround } from '../../strategies/ground.ts';
import { testLink } from '../../strategies/link.ts';
import type { ClientTrap } from '../trap.ts';

const deadlineMs = 500;
const patienceMs = 4_000;

/** `lease.put(key).value(v).options({ deadline })` forgets the options: the put hangs for as long as the member is silent. */
export const droppedOptions: ClientTrap = {
  name: 'deadline-dropped',
  scenario: 'a put under a lease has a deadline, and the member is silent',
  violation: 'progress',
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    await using link = await testLink(ground.etcd);
    const client = which === 'default' ? await libraryPut(link.address) : await carefulPut(link.address);
    try {
      link.mode = 'hold';
      const startedAtMs = log.nowMs;
      const ended = client.put().then(
        () => true,
        () => true,
      );
      const hangs = !(await Promise.race([ended, sleep(patienceMs, false)]));
      if (!hangs) return { state: 'silent' };
      const forMs = Math.round(log.nowMs - startedAtMs);
      return log.saw('progress', `a put with a deadline of ${deadlineMs} ms had no end after ${forMs} ms`);
    } finally {
      link.mode = 'pass';
      link.reset();
      client.close();
    }
  },
};

async function libraryPut(address: string) {
  const client = new Etcd3({ hosts: [`http://${address}`] });
  const lease = client.lease(60);
  await lease.grant();
  return {
    put: async () => {
      await lease
        .put('k')
        .value('v')
        .options({ deadline: Date.now() + deadlineMs });
    },
    close: () => {
      lease.release();
      client.close();
    },
  };
}

async function carefulPut(address: string) {
  const client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs });
  const { id } = await client.grantLease(60);
  return {
    put: async () => {
      const put = { key: Buffer.from('k'), value: Buffer.from('v'), lease: id };
      await client.txn({ success: [{ request_put: put }] });
    },
    close: () => client.close(),
  };
}
