import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { monotonicReads } from '../../../harness/checker/session.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { startWorld } from '../../cluster/world.ts';
import type { ClientTrap } from '../trap.ts';

const key = Buffer.from('hopped');

/**
 * The library asks another member with each call, so that reads which any member may answer out of what it has go back
 * and forth between one that is behind and those that are not.
 */
export const hoppingReads: ClientTrap = {
  name: 'reads-go-back-in-time',
  scenario: 'serializable reads while a follower is cut off from the others',
  violation: 'monotonic-reads',
  async run(which, log) {
    await using world = await startWorld(3);
    const { cluster, network } = world;
    const leader = await cluster.leader();
    const behind = cluster.members.find((member) => member !== leader)!;
    const etcd = cluster.members.map(({ name, clientAddress }) => ({ member: name, address: clientAddress }));
    const writer = new CarefulClient({
      etcd: etcd.filter(({ member }) => member === leader.name),
      deadlineMs: 5_000,
    });
    const reader = which === 'default' ? libraryReader(etcd) : carefulReader(etcd, behind.name);
    const write = (value: number) =>
      log.record({ process: 1, f: 'write', key: 'k', value }, async () => {
        const success = [{ request_put: { key, value: Buffer.from(String(value)) } }];
        return { revision: Number((await writer.txn({ success })).header.revision) };
      });
    try {
      await write(1);
      await sleep(300);
      const links = network.links.filter(({ from, to }) => [from, to].includes(behind.name));
      const cut = await network.cut(links, 'blackhole');
      await write(2);
      for (let i = 0; i < 30; i++) {
        await log.record({ process: 0, f: 'read', key: 'k', grade: 'session' }, reader.read);
      }
      await cut.heal();
      return log.judge(monotonicReads({ grade: 'session', order: 'real-time' }));
    } finally {
      reader.close();
      writer.close();
    }
  },
};

type Addressed = readonly { readonly member: string; readonly address: string }[];

function libraryReader(etcd: Addressed) {
  const client = new Etcd3({ hosts: etcd.map(({ address }) => `http://${address}`) });
  return {
    read: async () => {
      const { kvs } = await client.get(key).serializable(true).exec();
      return { value: Number(kvs[0]!.value.toString()), revision: Number(kvs[0]!.mod_revision) };
    },
    close: () => client.close(),
  };
}

/** One client a member, and one member for all reads: here even the one that is behind. */
function carefulReader(etcd: Addressed, member: string) {
  const client = new CarefulClient({ etcd, deadlineMs: 2_000 });
  return {
    read: async () => {
      const { kvs } = await client.range({ key, serializable: true }, { member, requireLeader: false });
      return { value: Number(kvs[0]!.value.toString()), revision: Number(kvs[0]!.mod_revision) };
    },
    close: () => client.close(),
  };
}
