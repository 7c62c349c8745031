import { compact } from '../harness/nemesis/compact.ts';
import { crashLoop } from '../harness/nemesis/crash-loop.ts';
import { cutLinks } from '../harness/nemesis/cut-links.ts';
import { defragment } from '../harness/nemesis/defragment.ts';
import { exhaustConnections } from '../harness/nemesis/exhaust-connections.ts';
import { flappingLinks } from '../harness/nemesis/flapping-links.ts';
import { isolateFollower } from '../harness/nemesis/isolate-follower.ts';
import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { killDatabase } from '../harness/nemesis/kill-database.ts';
import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { killMember } from '../harness/nemesis/kill-member.ts';
import { leaseStorm } from '../harness/nemesis/lease-storm.ts';
import { lockTables } from '../harness/nemesis/lock-tables.ts';
import { oneWay } from '../harness/nemesis/one-way.ts';
import { pauseInstance } from '../harness/nemesis/pause-instance.ts';
import { pauseMember } from '../harness/nemesis/pause-member.ts';
import { resetLinks } from '../harness/nemesis/reset-links.ts';
import { restartInstance } from '../harness/nemesis/restart-instance.ts';
import { slowLinks } from '../harness/nemesis/slow-links.ts';
import { slowPeers } from '../harness/nemesis/slow-peers.ts';
import { stopMember } from '../harness/nemesis/stop-member.ts';
import { transferLeader } from '../harness/nemesis/transfer-leader.ts';
import { watcherStorm } from '../harness/nemesis/watcher-storm.ts';
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
        { weight: 1, nemesis: stopMember({ role: 'any' }) },
        { weight: 1, nemesis: crashLoop() },
        { weight: 1, nemesis: transferLeader() },
        { weight: 1, nemesis: slowLinks({ place: 'leader' }) },
        { weight: 1, nemesis: flappingLinks({ place: 'two-members' }) },
        { weight: 1, nemesis: resetLinks({ place: 'follower' }) },
        { weight: 2, nemesis: killInstance() },
        { weight: 2, nemesis: pauseInstance() },
        { weight: 1, nemesis: restartInstance() },
        { weight: 2, nemesis: cutLinks({ place: 'instance-to-members' }) },
        { weight: 1, nemesis: slowLinks({ place: 'instances-to-members' }) },
        { weight: 1, nemesis: resetLinks({ place: 'instances-to-members' }) },
        { weight: 1, nemesis: killDatabase({ role: 'primary' }) },
        { weight: 1, nemesis: killDatabase({ role: 'replica' }) },
        { weight: 1, nemesis: exhaustConnections() },
        { weight: 1, nemesis: lockTables() },
        { weight: 2, nemesis: cutLinks({ place: 'replication' }) },
        { weight: 1, nemesis: slowLinks({ place: 'replication' }) },
        { weight: 1, nemesis: resetLinks({ place: 'instances-to-database' }) },
        { weight: 2, nemesis: compact() },
        { weight: 1, nemesis: defragment() },
        { weight: 1, nemesis: leaseStorm({ leases: 100 }) },
        { weight: 1, nemesis: watcherStorm({ watchers: 50 }) },
      ],
      firstAtMs: 2_500,
      forMs: [700, 2_200],
      gapMs: [300, 900],
      overlap: 0.4,
    },
  },
};
