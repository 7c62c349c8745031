import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const leaseExpiry: Scenario = {
  ...baseline,
  name: 'lease-expiry',
  question: 'Does anything of a dead instance outlive its lease, and does it come back with a new one?',
  strategies: ['lease-session'],
  // Dead for longer than the lease's 2 s of the quick profile and the half second that etcd may be late. Healing is a
  // start of the program, and there must be load left to see it work again.
  schedule: [at(2_000, killInstance()).for(3_000)],
};
