import { busyMembers } from '../harness/nemesis/busy-members.ts';
import { flappingLinks } from '../harness/nemesis/flapping-links.ts';
import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * Ways of watching on the same seeded load: the library's own watcher, and the careful watch with its mitigations. What
 * was chosen, and why:
 *
 * - The load is writes, so that there is something to tell; the other reads are there for the promises.
 * - Loaded: others write 3 MB a second at the members. No link is touched.
 * - Partition recovered: the leader is cut off and comes back, and then the instances' own links come and go for a
 *   second, as they do when a network heals: a stream that is cut between "created" and what it has to catch up with
 *   is where watches lose events.
 * - A condition begins with its fault and ends with the next, or with the load: what the recovery costs is in it.
 */
export const watchLag: Scenario = {
  ...baseline,
  name: 'watch-lag',
  question: 'How late, how often and in which order do watches tell, and what do two mitigations change?',
  workload: {
    ...baseline.workload,
    mix: { write: 75, delete: 8, 'read:eventual': 12, 'read:linearizable': 5 },
  },
  schedule: [
    at(3_500, busyMembers()).for(2_500),
    at(6_500, isolateLeader()).for(1_800),
    at(8_400, flappingLinks({ place: 'instances-to-members', everyMs: 120 })).for(1_200),
  ],
  watching: {
    strategies: ['watch-raw', 'watch-versions', 'watch-polled', 'watch-careful'],
    rounds: 2,
    lateMs: 200,
    conditions: {
      'busy-members': 'loaded',
      'isolate-leader': 'partition recovered',
      'flapping-links': 'partition recovered',
    },
    published: {
      by: 'the article',
      rows: {
        normal: { delay: '10 to 50 ms', wrong: 'none told of' },
        loaded: { delay: '200 ms and more', wrong: 'about 8 %' },
        'partition recovered': { delay: '500 ms and more', wrong: 'about 15 %' },
      },
    },
  },
};
