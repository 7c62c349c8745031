import type { Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const steady: Scenario = {
  ...baseline,
  name: 'steady',
  question: 'What does each strategy cost when nothing is broken?',
  schedule: [],
};
