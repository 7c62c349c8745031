import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const instanceKill: Scenario = {
  ...baseline,
  name: 'instance-kill',
  question: 'What is lost when an instance is killed under load, and how soon is it back?',
  // Healing is a start of the program; what is asked later than the time allowed for recovery must still be load.
  schedule: [at(2_500, killInstance()).for(1_500)],
};
