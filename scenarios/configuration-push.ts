import { cutLinks } from '../harness/nemesis/cut-links.ts';
import { transferLeader } from '../harness/nemesis/transfer-leader.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * A few keys that are read by all and changed now and then: the copy of each instance lives on its watch. One instance
 * is cut off from etcd and has to catch up with what was changed meanwhile; then the leader changes under the watches.
 */
export const configurationPush: Scenario = {
  ...baseline,
  name: 'configuration-push',
  question: 'Does every instance get every change of the configuration, once and in order?',
  workload: {
    ...baseline.workload,
    keys: 12,
    mix: { 'read:eventual': 78, 'read:linearizable': 7, write: 15 },
  },
  schedule: [
    at(2_500, cutLinks({ place: 'instance-to-members' })).for(2_000),
    at(6_000, transferLeader()).for(500),
  ],
  watching: {
    strategies: ['watch-careful'],
    rounds: 1,
    lateMs: 200,
    conditions: { 'cut-links': 'cut off, then back', 'transfer-leader': 'another leader' },
    published: {
      by: 'the article',
      rows: { normal: { delay: '10 to 50 ms', wrong: 'none told of' } },
    },
  },
};
