import { killDatabase } from '../harness/nemesis/kill-database.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** The primary goes, and weak reads should go on at the replica; then the replica goes, and all should go on at the primary. */
export const gradedReads: Scenario = {
  ...baseline,
  name: 'graded-reads',
  question:
    'Which grade of reads is still answered, and with what, while the primary or the replica is down?',
  strategies: ['consistency-routing'],
  schedule: [
    at(2_000, killDatabase({ role: 'primary' })).for(2_000),
    at(5_000, killDatabase({ role: 'replica' })).for(1_200),
  ],
};
