import { prepareGround } from '../../strategies/ground.ts';
import type { EtcdIssue } from '../etcd-issue.ts';
import { eventsIn, WatchedStore } from '../watched-store.ts';

/** A watch from the revision of a delete, after a compaction at that very revision, is never told of the delete. */
export const lostDelete: EtcdIssue = {
  issue: 'etcd-io/etcd#18089',
  name: 'delete-lost-after-compaction',
  scenario: 'a watch from a compacted delete',
  violation: 'resumable',
  mendedIn: { 4: 36, 5: 18 },
  async run(which) {
    await using ground = await prepareGround({ database: false });
    const store = new WatchedStore(ground.etcd);
    try {
      for (const value of ['1', '2', '3']) await store.put('k', value);
      const deleted = await store.delete('k');
      const last = await store.put('k', '4');
      // A compaction right before the delete leaves its event alone.
      await store.compact(which === 'issue' ? deleted : deleted - 1);
      return await store.watched(
        { key: 'k', startRevision: deleted },
        { isOver: (told) => eventsIn(told).at(-1)?.revision === last },
      );
    } finally {
      store.close();
    }
  },
};
