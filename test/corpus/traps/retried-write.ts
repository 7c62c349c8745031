import { Etcd3 } from 'etcd3';
import { isLinearizableGrade, linearizability } from '../../../harness/checker/linearizability.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { eventually, prepareGround } from '../../strategies/ground.ts';
import { testLink } from '../../strategies/link.ts';
import type { ClientTrap, TrapLog } from '../trap.ts';

const key = Buffer.from('retried');

/**
 * The library's default policy sends a write again when its answer was lost, so one put happens twice, the second
 * time over what others wrote since.
 *
 *   a: put 1 ------- answer lost ------- sent again -- ok
 *   b:        read 1   put 2   read 2                      read 1
 */
export const retriedWrite: ClientTrap = {
  name: 'retried-write',
  scenario: 'the answer of a put is lost',
  violation: 'linearizability',
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    await using link = await testLink(ground.etcd);
    const direct = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    const writer = which === 'default' ? libraryWriter(link.address) : carefulWriter(link.address);
    try {
      await writer.warmUp();
      link.mode = 'deaf';
      const first = log.record({ process: 0, f: 'write', key: 'k', value: 1 }, () => writer.put('1'));
      await eventually(
        () => read(direct, log),
        (value) => value === 1,
        10_000,
      );
      await log.record({ process: 1, f: 'write', key: 'k', value: 2 }, async () => {
        await direct.txn({ success: [{ request_put: { key, value: Buffer.from('2') } }] });
        return {};
      });
      await read(direct, log);
      link.mode = 'pass';
      link.reset();
      await first;
      await read(direct, log);
      return log.judge(linearizability({ takesPart: isLinearizableGrade }));
    } finally {
      writer.close();
      direct.close();
    }
  },
};

interface Writer {
  /** Connects, so that the put is the first to meet the fault. */
  warmUp(): Promise<unknown>;
  put(value: string): Promise<object>;
  close(): void;
}

function libraryWriter(address: string): Writer {
  const client = new Etcd3({ hosts: [`http://${address}`] });
  return {
    warmUp: () => client.get('warm').string(),
    put: async (value) => {
      await client.put(key).value(value);
      return {};
    },
    close: () => client.close(),
  };
}

function carefulWriter(address: string): Writer {
  const client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 1_500 });
  return {
    warmUp: () => client.range({ key: Buffer.from('warm') }),
    put: async (value) => {
      await client.txn({ success: [{ request_put: { key, value: Buffer.from(value) } }] });
      return {};
    },
    close: () => client.close(),
  };
}

async function read(direct: CarefulClient, log: TrapLog): Promise<unknown> {
  const { value } = await log.record({ process: 1, f: 'read', key: 'k', grade: 'linearizable' }, async () => {
    const found = (await direct.range({ key })).kvs[0];
    return { value: found ? Number(found.value.toString()) : null };
  });
  return value;
}
