import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../../strategies/etcd/careful-watch.ts';
import { eventually, prepareGround } from '../../strategies/ground.ts';
import { testLink } from '../../strategies/link.ts';
import type { ClientTrap } from '../trap.ts';

const prefix = 'missed/';
const writes = 20;

/**
 * A watch that goes on from a past revision is told "created" at once and the past a moment later. When its stream is
 * cut in between, the library goes on from the revision that the "created" named, and the past never comes.
 */
export const lostEvents: ClientTrap = {
  name: 'watch-loses-events',
  scenario: 'a watch is cut between "created" and what it should catch up on',
  violation: 'watch',
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    await using link = await testLink(ground.etcd);
    const direct = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    const put = async (name: string) => {
      const success = [{ request_put: { key: Buffer.from(prefix + name), value: Buffer.from(name) } }];
      return Number((await direct.txn({ success })).header.revision);
    };
    const told = new Set<string>();
    let close = () => {};
    try {
      if (which === 'default') {
        const from = await put('k0');
        for (let i = 1; i < writes; i++) await put(`k${i}`);
        const client = new Etcd3({ hosts: [`http://${link.address}`] });
        close = () => client.close();
        const watcher = await client.watch().prefix(prefix).startRevision(String(from)).create();
        link.reset();
        watcher.on('put', ({ key }) => told.add(key.toString().slice(prefix.length)));
        watcher.on('error', () => {});
      } else {
        const client = new CarefulClient({
          etcd: [{ member: 'm1', address: link.address }],
          deadlineMs: 600,
        });
        const sink = {
          listed: () => {},
          changed: ({ kv }: { kv: { key: Buffer } }) => told.add(kv.key.toString().slice(prefix.length)),
          reached: () => {},
        };
        const watch = new CarefulWatch(client, prefix, sink);
        close = () => {
          watch.close();
          client.close();
        };
        await watch.ready;
        // A stream that was not told "created" yet is opened again by gRPC itself, and that is no reconnection.
        await eventually(
          () => watch.member,
          (member) => member !== null,
          10_000,
        );
        link.refuse(true);
        for (let i = 0; i < writes; i++) await put(`k${i}`);
        const { reconnects } = watch;
        link.refuse(false);
        // Its stream is created anew, and cut before it can have caught up.
        await eventually(
          () => watch.reconnects,
          (count) => count > reconnects,
          10_000,
        );
        link.reset();
      }
      // A change that comes proves that the watch lives, and that all before it has come or never will.
      for (let i = 0; !told.has(`end${i - 1}`) && i < 100; i++) {
        await put(`end${i}`);
        await sleep(100);
      }
      const missing = Array.from({ length: writes }, (_, i) => `k${i}`).filter((name) => !told.has(name));
      if (![...told].some((name) => name.startsWith('end'))) {
        return { state: 'failed', reason: 'the watch did not come back within 10 s' };
      }
      if (missing.length === 0) return { state: 'silent' };
      const summary = `${missing.length} of ${writes} changes were never told (${missing[0]}, ...), the ones after them were, without an error`;
      return log.saw('watch', summary);
    } finally {
      close();
      direct.close();
    }
  },
};
