import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { prepareGround } from '../../strategies/ground.ts';
import { type EtcdIssue, isBefore } from '../etcd-issue.ts';
import { RawWatch } from '../raw-watch.ts';

const prefix = 'early-progress/';
const writes = 400;

/** A member that is asked how far it has told answers with its newest revision, though the watch is still behind. */
export const earlyProgress: EtcdIssue = {
  issue: 'etcd-io/etcd#15220',
  name: 'progress-ahead-of-events',
  scenario: 'a watch from the past is asked for its progress before it has caught up',
  violation: 'watch',
  isAffected: (version) => isBefore(version, { 4: 31, 5: 13 }),
  async run(which, log) {
    await using ground = await prepareGround({ database: false });
    const client = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
    try {
      let [first, last] = [0, 0];
      for (let i = 0; i < writes; i++) {
        const put = { request_put: { key: Buffer.from(`${prefix}${i}`), value: Buffer.alloc(1_000, 'v') } };
        last = Number((await client.txn({ success: [put] })).header.revision);
        first ||= last;
      }
      const watch = await RawWatch.open(client, { prefix, from: first });
      const hasCaughtUp = () => watch.events.length >= writes;
      await watch.until(() => (which === 'issue' ? watch.responses.length > 0 : hasCaughtUp()));
      watch.askProgress();
      const came = await watch.until(() => hasCaughtUp() && progress(watch) !== undefined, 15_000);
      const notice = progress(watch);
      watch.close();
      // Right, and of little use: some versions do not answer a watch that is behind (etcd-io/etcd#17566).
      if (!came && which === 'issue' && notice === undefined) return { state: 'silent', note: 'no answer' };
      if (!came || !notice)
        return { state: 'failed', reason: 'the watch did not catch up and answer within 15 s' };
      const told = watch.responses.slice(0, watch.responses.indexOf(notice)).flatMap(({ events }) => events);
      const revision = Number(notice.header.revision);
      const behind = writes - told.length;
      if (revision < last || behind === 0) return { state: 'silent' };
      return log.saw(
        'watch',
        `a progress notice of revision ${revision} came before ${behind} of the ${writes} changes up to there`,
      );
    } finally {
      client.close();
    }
  },
};

function progress({ responses }: RawWatch) {
  return responses.find(({ created, canceled, events }) => !created && !canceled && events.length === 0);
}
