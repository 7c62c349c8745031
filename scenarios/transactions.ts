import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * Transactions beside the load of single keys, over keys of their own: appends to a few lists, which show in which order
 * everything happened, and transfers between accounts. While the leader is cut off an instance is killed in the middle of
 * what it does; the healing of that is a start of the program, and needs its time before the load ends.
 */
export const transactions: Scenario = {
  ...baseline,
  name: 'transactions',
  question:
    'Does a transaction over several keys happen whole, or not at all, when the leader or the instance goes? (article, 3.1)',
  // A transaction of all accounts has to itself what others wait for: more would measure their queue and nothing else.
  ratePerSecond: 100,
  workload: {
    ...baseline.workload,
    transactions: { lists: 6, accounts: 6 },
    mix: {
      'read:linearizable': 15,
      'read:session': 15,
      'read:eventual': 15,
      write: 10,
      cas: 5,
      'txn:append': 14,
      'txn:read': 8,
      'txn:transfer': 10,
      'txn:balance': 8,
    },
  },
  schedule: [at(2_000, isolateLeader()).for(2_300), at(3_000, killInstance()).for(1_400)],
};
