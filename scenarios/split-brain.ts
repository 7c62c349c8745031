import { divide } from '../harness/nemesis/divide.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * Both sides have members, clients and time enough to elect. Judged: no term has two leaders and no revision two contents,
 * no write is acknowledged that the other side does not have in the end, and the side without a majority goes on
 * answering eventual reads while it refuses what it cannot know.
 */
export const splitBrain: Scenario = {
  ...baseline,
  name: 'split-brain',
  question:
    'Members and clients fall in two: do both sides elect, do both acknowledge, does the smaller only read?',
  members: 5,
  schedule: [at(3_000, divide()).for(3_500)],
};
