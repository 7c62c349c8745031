import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const leaderPartition: Scenario = {
  ...baseline,
  name: 'leader-partition',
  question: 'What do clients see when the leader is cut off from the other members, but not from them?',
  // A cut-off leader is replaced in 1.3 to 1.7 s with the local election times; 3.5 s leave time to live with the new one.
  schedule: [at(3_000, isolateLeader()).for(3_500)],
};
