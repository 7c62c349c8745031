import { killInstances } from '../harness/nemesis/kill-instances.ts';
import { lockTables } from '../harness/nemesis/lock-tables.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** The database takes nothing for a while, so that the queues are long when every instance is killed at once. */
export const writeBehindCrash: Scenario = {
  ...baseline,
  name: 'write-behind-crash',
  question: 'What of the acknowledged writes is left when all instances die with their queues full?',
  // From the journal nothing is lost; what a queue in memory loses is measured beside it.
  strategies: ['write-behind', 'write-behind-memory'],
  schedule: [at(2_000, lockTables()).for(2_500), at(3_500, killInstances()).for(1_500)],
};
