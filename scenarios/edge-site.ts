import { flappingLinks } from '../harness/nemesis/flapping-links.ts';
import { slowLinks } from '../harness/nemesis/slow-links.ts';
import { thinLinks } from '../harness/nemesis/thin-links.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * The instances stand at a site with a poor line to etcd and to the database: slow all the time, for a while thin too,
 * then coming and going. Those that can work from a copy or a queue are asked.
 */
export const edgeSite: Scenario = {
  ...baseline,
  name: 'edge-site',
  question: 'What can a site do whose line to the centre is slow, thin and comes and goes?',
  strategies: ['lease-session', 'write-behind'],
  ratePerSecond: 100,
  schedule: [
    at(2_000, slowLinks({ place: 'instances-to-members', latencyMs: 60, jitterMs: 30 })).for(5_000),
    at(2_000, slowLinks({ place: 'instances-to-database', latencyMs: 60, jitterMs: 30 })).for(5_000),
    at(3_000, thinLinks({ place: 'instances-to-members', kilobytesPerSecond: 40 })).for(2_000),
    at(5_300, flappingLinks({ place: 'instances-to-members', everyMs: 300 })).for(1_500),
  ],
};
