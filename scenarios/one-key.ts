import type { Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** Every writer of every instance is after the same key. Nothing is broken: what is lost here is lost by the race. */
export const oneKey: Scenario = {
  ...baseline,
  name: 'one-key',
  question: 'Is anything lost when all write the same key at once, and what does the race cost?',
  ratePerSecond: 100,
  workload: {
    ...baseline.workload,
    keys: 1,
    keyDistribution: { kind: 'uniform' },
    mix: { 'read:linearizable': 20, 'read:session': 15, 'read:eventual': 5, write: 20, cas: 40 },
  },
  schedule: [],
};
