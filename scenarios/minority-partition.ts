import { isolateMinority } from '../harness/nemesis/isolate-minority.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const minorityPartition: Scenario = {
  ...baseline,
  name: 'minority-partition',
  question: 'Does anyone serve old values from the side that has no majority?',
  members: 5,
  schedule: [at(3_000, isolateMinority()).for(3_500)],
};
