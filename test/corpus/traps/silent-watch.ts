import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../../strategies/etcd/careful-watch.ts';
import { startWorld } from '../../cluster/world.ts';
import type { ClientTrap } from '../trap.ts';

const prefix = 'silent/';
/** Longer than a member takes to tell a watch that demands a leader (3.3 s) and the watch to go on elsewhere. */
const patienceMs = 12_000;

/**
 * A watch at a member that has lost its quorum tells nothing, not even an error, while the other members write on. Only
 * who demands a leader of the member is told, and can go on at another.
 */
export const silentWatch: ClientTrap = {
  name: 'watch-silent-without-quorum',
  scenario: 'a watch listens at a follower that is cut off from the others',
  violation: 'watch',
  async run(which, log) {
    await using world = await startWorld(3);
    const { cluster, network } = world;
    const leader = await cluster.leader();
    const alone = cluster.members.find((member) => member !== leader)!;
    const others = cluster.members.filter((member) => member !== alone);
    const addressed = [alone, ...others].map(({ name, clientAddress }) => ({
      member: name,
      address: clientAddress,
    }));
    const writer = new CarefulClient({
      etcd: addressed.filter(({ member }) => member === leader.name),
      deadlineMs: 5_000,
    });
    const told = new Set<string>();
    const put = (name: string) =>
      writer.txn({
        success: [{ request_put: { key: Buffer.from(prefix + name), value: Buffer.from('v') } }],
      });
    const watch =
      which === 'default'
        ? await libraryWatch(alone.clientAddress, told)
        : await carefulWatch(addressed, told);
    try {
      await put('before');
      await until(() => told.has('before'), patienceMs);
      if (!told.has('before'))
        return { state: 'failed', reason: 'the watch told nothing even before the cut' };
      const links = network.links.filter(({ from, to }) => [from, to].includes(alone.name));
      const cut = await network.cut(links, 'blackhole');
      const cutAtMs = log.nowMs;
      await put('meanwhile');
      await until(() => told.has('meanwhile') || watch.failed(), patienceMs);
      const forMs = Math.round(log.nowMs - cutAtMs);
      await cut.heal();
      if (told.has('meanwhile') || watch.failed()) return { state: 'silent' };
      return log.saw('watch', `a change was not told for ${forMs} ms, nor was an error`);
    } finally {
      watch.close();
      writer.close();
    }
  },
};

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds() && performance.now() < endMs) await sleep(50);
}

async function libraryWatch(address: string, told: Set<string>) {
  const client = new Etcd3({ hosts: [`http://${address}`] });
  const watcher = await client.watch().prefix(prefix).create();
  let failed = false;
  const fails = () => {
    failed = true;
  };
  watcher.on('put', ({ key }) => told.add(key.toString().slice(prefix.length)));
  watcher.on('error', fails);
  watcher.on('disconnected', fails);
  return { failed: () => failed, close: () => client.close() };
}

async function carefulWatch(etcd: readonly { member: string; address: string }[], told: Set<string>) {
  const client = new CarefulClient({ etcd, deadlineMs: 1_000 });
  const watch = new CarefulWatch(client, prefix, {
    listed: () => {},
    changed: ({ kv }) => told.add(kv.key.toString().slice(prefix.length)),
    reached: () => {},
  });
  await watch.ready;
  return {
    failed: () => false,
    close: () => {
      watch.close();
      client.close();
    },
  };
}
