import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const leaseExpiry: Scenario = {
  ...baseline,
  name: 'lease-expiry',
  question: 'Does anything of a dead instance outlive its lease, and does it come back with a new one?',
  strategies: ['lease-session'],
  // Dead for twice the lease's 2 s of the quick profile: the server must have let it go long before it is started again.
  schedule: [at(2_000, killInstance()).for(4_000)],
};
