import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const instanceKill: Scenario = {
  ...baseline,
  name: 'instance-kill',
  question: 'What is lost when an instance is killed under load, and how soon is it back?',
  schedule: [at(3_000, killInstance()).for(2_500)],
};
