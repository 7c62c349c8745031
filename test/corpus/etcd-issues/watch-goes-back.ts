import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld } from '../../cluster/world.ts';
import type { EtcdIssue } from '../etcd-issue.ts';
import { eventsIn, type Told, WatchedStore } from '../watched-store.ts';

/** More than the 5,000 entries that a leader keeps for those who lag: after them a member is sent a snapshot. */
const manyWrites = 5_300;
const atOnce = 50;

/** A member that was sent a snapshot tells its watchers once more what it had told them before. */
export const watchGoesBack: EtcdIssue = {
  issue: 'etcd-io/etcd#15271',
  name: 'watch-goes-back-in-time',
  scenario: 'a watch at a member that is sent a snapshot',
  violation: 'unique',
  mendedIn: { 4: 25, 5: 8 },
  async run(which) {
    await using world = await startWorld(3, { extraArgs: ['--snapshot-count', '100'] });
    const { cluster, network } = world;
    const leader = await cluster.leader();
    const follower = cluster.members.find((member) => member !== leader)!;
    const store = new WatchedStore(leader.clientAddress);
    try {
      const startRevision = await store.put('before', '0');
      await store.put('before', '1');
      let last = 0;
      const isTold = (told: Told, revision: number) =>
        eventsIn(told).some((event) => event.revision === revision);
      return await store.watched(
        { key: '', prefix: true, startRevision },
        {
          at: follower.clientAddress,
          async meanwhile(told) {
            while (!isTold(told(), startRevision + 1)) await sleep(20);
            // Told by a watch that has caught up: this is what it will tell again.
            let again = 0;
            for (const value of ['2', '3', '4']) again = await store.put('before', value);
            while (!isTold(told(), again)) await sleep(20);
            const links = network.links.filter(({ from, to }) => [from, to].includes(follower.name));
            const cut = await network.cut(links, 'reject');
            const writes = which === 'issue' ? manyWrites : 100;
            for (let i = 0; i < writes; i += atOnce) {
              await Promise.all(Array.from({ length: atOnce }, (_, j) => store.put(`k${j}`, `${i + j}`)));
            }
            await cut.heal();
            last = await store.put('after', '1');
          },
          isOver: (told) => last > 0 && isTold(told, last),
        },
      );
    } finally {
      store.close();
    }
  },
};
