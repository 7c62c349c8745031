import { cutLinks } from '../harness/nemesis/cut-links.ts';
import { slowLinks } from '../harness/nemesis/slow-links.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** First renewals are only late, and the session should last; then one instance gets none through for longer than its lease. */
export const sessionStability: Scenario = {
  ...baseline,
  name: 'session-stability',
  question: 'Does a session last on a bad network, and does an instance that lost it know and get another?',
  strategies: ['lease-session'],
  schedule: [
    at(2_000, slowLinks({ place: 'instances-to-members', latencyMs: 120, jitterMs: 80 })).for(1_500),
    // The lease is 2 s long in the quick profile.
    at(4_000, cutLinks({ place: 'instance-to-members' })).for(3_000),
  ],
};
