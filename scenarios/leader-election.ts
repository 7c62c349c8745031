import { killMember } from '../harness/nemesis/kill-member.ts';
import { transferLeader } from '../harness/nemesis/transfer-leader.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** An election because the heartbeat is missed, and beside it a change of leader without one. */
export const leaderElection: Scenario = {
  ...baseline,
  name: 'leader-election',
  question: 'How long is nobody elected when the leader dies, and what does a leader that hands over spare?',
  // The others have their truth elsewhere, or queue what waits for a leader.
  strategies: ['lease-session', 'write-behind'],
  schedule: [at(2_500, killMember({ role: 'leader' })).for(2_000), at(6_500, transferLeader()).for(500)],
};
