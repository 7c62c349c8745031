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
    // Both heal by starting a server, which takes its time; there must be load left to see it work again.
    at(1_800, killDatabase({ role: 'primary' })).for(1_700),
    at(4_300, killDatabase({ role: 'replica' })).for(1_000),
  ],
};
