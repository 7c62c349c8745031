import { compact } from '../harness/nemesis/compact.ts';
import { cutLinks } from '../harness/nemesis/cut-links.ts';
import { defragment } from '../harness/nemesis/defragment.ts';
import { isolateFollower } from '../harness/nemesis/isolate-follower.ts';
import { leaseStorm } from '../harness/nemesis/lease-storm.ts';
import { resetLinks } from '../harness/nemesis/reset-links.ts';
import { slowPeers } from '../harness/nemesis/slow-peers.ts';
import { transferLeader } from '../harness/nemesis/transfer-leader.ts';
import { watcherStorm } from '../harness/nemesis/watcher-storm.ts';
import type { Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * For hours (`--duration 4h`): what is small and happens every minute, again and again. Nothing is started anew, so that
 * whatever a process keeps of each fault stays with it. Without compactions etcd would grow by all that was ever written.
 */
export const soak: Scenario = {
  ...baseline,
  name: 'soak',
  question:
    'Does anything grow that should not, over hours of load and of small faults? (give it --duration)',
  onlyByName: true,
  ratePerSecond: 100,
  schedule: {
    draw: {
      choices: [
        { weight: 4, nemesis: compact() },
        { weight: 2, nemesis: defragment() },
        { weight: 2, nemesis: slowPeers({ latencyMs: 20, jitterMs: 10 }) },
        { weight: 2, nemesis: isolateFollower() },
        { weight: 2, nemesis: transferLeader() },
        { weight: 2, nemesis: cutLinks({ place: 'instance-to-members' }) },
        { weight: 2, nemesis: resetLinks({ place: 'instances-to-members' }) },
        { weight: 1, nemesis: leaseStorm({ leases: 200 }) },
        { weight: 1, nemesis: watcherStorm({ watchers: 50 }) },
      ],
      firstAtMs: 2_500,
      forMs: [700, 2_500],
      gapMs: [4_000, 15_000],
      overlap: 0,
    },
  },
  // Of the process that grew most, by harness/measure/memory-growth.ts.
  thresholds: { memoryGrowth: '<1.5' },
};
