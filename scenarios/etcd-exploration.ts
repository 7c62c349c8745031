import { busyMembers } from '../harness/nemesis/busy-members.ts';
import { compact } from '../harness/nemesis/compact.ts';
import { defragment } from '../harness/nemesis/defragment.ts';
import { isolateFollower } from '../harness/nemesis/isolate-follower.ts';
import { killDuringCompaction } from '../harness/nemesis/kill-during-compaction.ts';
import { transferLeader } from '../harness/nemesis/transfer-leader.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * What etcd's own bugs of the last years were found in, all at once, and nothing that knows any of them: watchers of every
 * kind while the history is compacted behind them by small batches, at deletes too; members killed in the middle of a
 * compaction (not shut down in order: from etcd 3.5 on that waits for the watchers), a leader that hands over; a member that lags while others write, and is sent a snapshot if it lags by enough
 * (before etcd 3.6 that is 5,000 entries, which takes the longer profiles); transactions beside it. What is found of a known
 * issue of the running version is named by it, and is a broken promise all the same: hence by name alone.
 */
export const etcdExploration: Scenario = {
  ...baseline,
  name: 'etcd-exploration',
  question:
    'Does this etcd tell its watchers everything, and lose nothing, while it compacts, dies and lags?',
  onlyByName: true,
  strategies: ['lease-session'],
  ratePerSecond: 150,
  watchers: 'every-kind',
  tuning: { snapshotCount: 50, snapshotCatchUpEntries: 10, compactionBatchLimit: 10 },
  workload: {
    ...baseline.workload,
    keys: 20,
    keyDistribution: { kind: 'uniform' },
    transactions: { lists: 4, accounts: 4 },
    mix: {
      'read:linearizable': 10,
      'read:session': 10,
      'read:eventual': 5,
      write: 35,
      cas: 10,
      delete: 15,
      'txn:append': 6,
      'txn:read': 3,
      'txn:transfer': 4,
      'txn:balance': 2,
    },
  },
  // Early, because members that are started on a busy machine take their time, and the service then needs its own.
  schedule: [
    at(1_500, compact({ everyMs: 100 })).for(3_800),
    at(1_600, isolateFollower()).for(1_200),
    at(1_600, busyMembers({ perSecond: 1_500, bytes: 64 })).for(1_200),
    at(2_900, killDuringCompaction({ role: 'any' })).for(200),
    at(3_600, transferLeader()).for(200),
    at(3_800, defragment()).for(300),
    at(4_500, killDuringCompaction({ role: 'leader' })).for(300),
  ],
};
