import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { DistributedLock, LockLost } from '../../../strategies/etcd/lock.ts';
import { eventually, prepareGround } from '../../strategies/ground.ts';
import { testLink } from '../../strategies/link.ts';
import type { ClientTrap } from '../trap.ts';

const ttlSeconds = 2;
const guarded = Buffer.from('guarded');

/**
 * The library's lock gives its holder nothing that the store could compare. A holder whose lease has ended behind a
 * broken link writes over what the next holder wrote, once the link is whole again.
 */
export const lockWithoutToken: ClientTrap = {
  name: 'lock-without-token',
  scenario: 'the holder of a lock is cut off until another holds it, and goes on',
  violation: 'fencing',
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    await using link = await testLink(ground.etcd);
    const direct = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    const [first, second] =
      which === 'default'
        ? [libraryLock(link.address), libraryLock(ground.etcd)]
        : [carefulLock(link.address), carefulLock(ground.etcd)];
    try {
      const held = await first.acquire();
      link.mode = 'hold';
      const next = await eventually(
        () => second.acquire().catch(() => undefined),
        (got) => got !== undefined,
        15_000,
      );
      await next!.write('of the second holder');
      link.mode = 'pass';
      link.reset();
      await write(held);
      const found = (await direct.range({ key: guarded })).kvs[0]?.value.toString();
      if (found === 'of the second holder') return { state: 'silent' };
      return log.saw(
        'fencing',
        `the second holder's write was followed by one of the first, whose lease had ended`,
      );
    } finally {
      first.close();
      second.close();
      direct.close();
    }
  },
};

interface Held {
  write(value: string): Promise<unknown>;
}

/** Until etcd has answered, whatever it says. */
async function write(held: Held): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      await held.write('of the first holder');
      return;
    } catch (error) {
      if (error instanceof LockLost) return;
      await sleep(100);
    }
  }
  throw new Error('the first holder had no answer to its write');
}

function libraryLock(address: string) {
  const client = new Etcd3({ hosts: [`http://${address}`] });
  return {
    acquire: async (): Promise<Held> => {
      await client.lock('exclusive').ttl(ttlSeconds).acquire();
      return { write: (value) => client.put(guarded).value(value).exec() };
    },
    close: () => client.close(),
  };
}

function carefulLock(address: string) {
  const client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 600 });
  const lock = new DistributedLock(client, 'exclusive/', { ttlSeconds });
  return {
    acquire: async (): Promise<Held> => {
      const held = await lock.acquire(AbortSignal.timeout(10_000));
      return {
        write: (value) =>
          held.guarded({ success: [{ request_put: { key: guarded, value: Buffer.from(value) } }] }),
      };
    },
    close: () => client.close(),
  };
}
