import { pauseInstance } from '../harness/nemesis/pause-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const instancePause: Scenario = {
  ...baseline,
  name: 'instance-pause',
  question: 'What does an instance do that wakes after its lease has ended, and does not know it?',
  // Of the lease's 2 s in the quick profile at least 1 s is left when the pause begins; etcd lets it go up to 0.5 s late.
  // 3.5 s are longer than all of it, and longer than the copy may be stale.
  schedule: [at(3_000, pauseInstance()).for(3_500)],
};
