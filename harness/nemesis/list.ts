import { isolateFollower } from './isolate-follower.ts';
import { isolateLeader } from './isolate-leader.ts';
import { isolateMinority } from './isolate-minority.ts';
import { killInstance } from './kill-instance.ts';
import { killMember } from './kill-member.ts';
import type { Nemesis } from './nemesis.ts';
import { oneWay } from './one-way.ts';
import { pauseInstance } from './pause-instance.ts';
import { pauseMember } from './pause-member.ts';
import { slowPeers } from './slow-peers.ts';

/** Every nemesis as it is without options. A new one is a file of its own and a line here. */
export const nemeses: readonly Nemesis[] = [
  isolateLeader(),
  isolateFollower(),
  isolateMinority(),
  oneWay(),
  slowPeers(),
  killMember(),
  pauseMember(),
  killInstance(),
  pauseInstance(),
];
