import { prepareGround } from '../../strategies/ground.ts';
import type { EtcdIssue } from '../etcd-issue.ts';
import { eventsIn, WatchedStore } from '../watched-store.ts';

const writes = 400;

/** A member that is asked how far it has told answers with its newest revision, though the watch is still behind. */
export const earlyProgress: EtcdIssue = {
  issue: 'etcd-io/etcd#15220',
  name: 'progress-ahead-of-events',
  scenario: 'progress asked of a watch that is behind',
  violation: 'bookmarkable',
  mendedIn: { 4: 25, 5: 8 },
  async run(which) {
    await using ground = await prepareGround({ database: false });
    const store = new WatchedStore(ground.etcd);
    try {
      const startRevision = await store.put('k/0', '0');
      for (let i = 1; i < writes; i++) await store.put(`k/${i}`, 'v'.repeat(1_000));
      return await store.watched(
        { key: 'k/', prefix: true, startRevision },
        {
          askProgress: (told) => which === 'issue' || eventsIn(told).length === writes,
          isOver: (told) => eventsIn(told).length === writes && told.some(({ kind }) => kind === 'progress'),
        },
      );
    } finally {
      store.close();
    }
  },
};
