import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { prepareGround } from '../../strategies/ground.ts';
import { type EtcdIssue, isBefore } from '../etcd-issue.ts';
import { compact, RawWatch } from '../raw-watch.ts';

const key = Buffer.from('lost-delete');

/** A watch from the revision of a delete, after a compaction at that very revision, is never told of the delete. */
export const lostDelete: EtcdIssue = {
  issue: 'etcd-io/etcd#18089',
  name: 'delete-lost-after-compaction',
  scenario: 'put three times, delete, put, compact at the delete, watch from it',
  violation: 'watch',
  isAffected: (version) => isBefore(version, { 4: 34, 5: 15 }),
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    const client = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    try {
      const put = { request_put: { key, value: Buffer.from('v') } };
      for (let i = 0; i < 3; i++) await client.txn({ success: [put] });
      const { header } = await client.txn({ success: [{ request_delete_range: { key } }] });
      const deleted = Number(header.revision);
      await client.txn({ success: [put] });
      // A compaction right before the delete leaves its event alone.
      await compact(ground.etcd, which === 'issue' ? deleted : deleted - 1);
      const watch = await RawWatch.open(client, { prefix: 'lost-delete', from: deleted });
      const cameToThePut = await watch.until(() => watch.events.some(({ type }) => type === 'Put'));
      watch.close();
      if (!cameToThePut)
        return { state: 'failed', reason: 'the watch did not tell the last put within 10 s' };
      if (watch.events.some(({ type }) => type === 'Delete')) return { state: 'silent' };
      return log.saw(
        'watch',
        `a watch from ${deleted} was never told of the delete of that revision, only of the put after it`,
      );
    } finally {
      client.close();
    }
  },
};
