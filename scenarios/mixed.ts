import { isolateFollower } from '../harness/nemesis/isolate-follower.ts';
import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { killMember } from '../harness/nemesis/kill-member.ts';
import { oneWay } from '../harness/nemesis/one-way.ts';
import { pauseInstance } from '../harness/nemesis/pause-instance.ts';
import { pauseMember } from '../harness/nemesis/pause-member.ts';
import { slowPeers } from '../harness/nemesis/slow-peers.ts';
import type { Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const mixed: Scenario = {
  ...baseline,
  name: 'mixed',
  question: 'What survives faults that nobody has thought of together? Each seed draws others.',
  schedule: {
    draw: {
      choices: [
        { weight: 3, nemesis: isolateLeader() },
        { weight: 1, nemesis: isolateLeader({ flavour: 'reject' }) },
        { weight: 1, nemesis: isolateLeader({ flavour: 'hold' }) },
        { weight: 2, nemesis: isolateFollower() },
        { weight: 2, nemesis: oneWay() },
        { weight: 1, nemesis: oneWay({ direction: 'to-leader', flavour: 'hold' }) },
        { weight: 2, nemesis: slowPeers({ latencyMs: 40, jitterMs: 20 }) },
        { weight: 2, nemesis: killMember({ role: 'any' }) },
        { weight: 2, nemesis: pauseMember({ role: 'any' }) },
        { weight: 2, nemesis: killInstance() },
        { weight: 2, nemesis: pauseInstance() },
      ],
      firstAtMs: 2_500,
      forMs: [700, 2_200],
      gapMs: [300, 900],
      overlap: 0.4,
    },
  },
};
