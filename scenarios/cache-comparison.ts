import type { Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/**
 * The cache policies on the same seeded load, in rounds. What was chosen, and why:
 *
 * - An entry lives a seventh of the load in the quick profile (2 s of 14 s), and less of the longer ones, where it would
 *   outlive the load at the profile's own times: with entries that never end all policies would be one.
 * - 150 keys under Zipf: of the 176 eventual reads in a life at each instance the first key gets 31, the last one
 *   0.2, so that there are keys for which reloading ahead pays and keys for which it does not.
 * - The caches hold all keys: what tells the policies apart is expiry and writes, not which entry they evict. That is
 *   for `faultline cache` to show.
 * - All keys are written first. Absent keys have shorter lives, and a hit rate would tell how many there still were.
 * - One read in 22 is of another grade and goes to the primary under every policy, so that all promises are judged.
 */
export const cacheComparison: Scenario = {
  ...baseline,
  name: 'cache-comparison',
  question: 'What does each cache policy save of the database, and what do clients gain?',
  timesBy: 1 / 12,
  workload: {
    ...baseline.workload,
    keys: 150,
    writeAllFirst: true,
    mix: { 'read:eventual': 88, 'read:session': 2, 'read:linearizable': 2, write: 8 },
  },
  schedule: [],
  comparison: {
    strategies: ['cache-noop', 'cache-lru', 'cache-read-write-through', 'cache-refresh-ahead'],
    rounds: 3,
    baseline: 'cache-noop',
    claimed: { best: 'cache-refresh-ahead', in: ['hitRate', 'queriesPerRequest'] },
    published: {
      by: 'the article: 72 h at 80,000 requests/s, 16 nodes',
      rows: {
        'cache-lru': { averageMs: 18.7, hitRate: 0.892, databaseQps: 3_200 },
        'cache-read-write-through': { averageMs: 25.3, hitRate: 0.765, databaseQps: 6_800 },
        'cache-refresh-ahead': { averageMs: 15.1, hitRate: 0.937, databaseQps: 1_800 },
      },
    },
  },
};
