import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { resetLinks } from '../harness/nemesis/reset-links.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * The optimistic lock: most writes name the revision that they have seen. Its hard case is an update whose answer was
 * lost, at etcd by the cut and at the database by the resets; whoever tries it again must not do it twice.
 */
export const conditionalUpdates: Scenario = {
  ...baseline,
  name: 'conditional-updates',
  question: 'Does an update on a revision that is no longer there ever win, also when answers are lost?',
  workload: {
    ...baseline.workload,
    keys: 8,
    keyDistribution: { kind: 'uniform' },
    mix: { 'read:linearizable': 20, 'read:session': 15, 'read:eventual': 5, write: 10, cas: 50 },
  },
  schedule: [
    at(2_500, isolateLeader({ flavour: 'hold' })).for(2_500),
    at(3_500, resetLinks({ place: 'instances-to-database', everyMs: 400 })).for(1_500),
  ],
};
