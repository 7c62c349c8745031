import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { killMember } from '../harness/nemesis/kill-member.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * The least that a version of etcd or of Node has to bear before a longer run is worth its time: a steady state, two
 * elections of different kinds, a member that catches up over links and one that does from its own disk.
 */
export const smoke: Scenario = {
  ...baseline,
  name: 'smoke',
  question: 'Do the strategies keep their promises here at all: steady, with the leader cut off, and killed?',
  onlyByName: true,
  // What a machine can bear is not the question.
  ratePerSecond: 100,
  // Twice the time that an election takes with the local times. Progress is judged by what is sent 4.5 s after the last
  // healing, which is a start of the program, so that both faults come early.
  schedule: [at(1_500, isolateLeader()).for(3_500), at(5_250, killMember({ role: 'leader' })).for(750)],
};
