import type { Measurement } from '../harness/measurement.ts';
import type { Scenario } from '../harness/scenario.ts';
import { cacheComparison } from './cache-comparison.ts';
import { instanceKill } from './instance-kill.ts';
import { instancePause } from './instance-pause.ts';
import { leaderPartition } from './leader-partition.ts';
import { minorityPartition } from './minority-partition.ts';
import { mixed } from './mixed.ts';
import { peerLatency } from './peer-latency.ts';
import { steady } from './steady.ts';
import { transactions } from './transactions.ts';
import { watchLag } from './watch-lag.ts';
import { writeSerialisation } from './write-serialisation.ts';

/** All scenarios, in the order in which they are run and listed. */
export const scenarios: readonly Scenario[] = [
  steady,
  leaderPartition,
  minorityPartition,
  peerLatency,
  instanceKill,
  instancePause,
  mixed,
  transactions,
  cacheComparison,
  watchLag,
];

/** Scenarios that measure something without strategies; run by name. */
export const measurements: readonly Measurement[] = [writeSerialisation];

/** What `npm start` runs. */
export const mainJob: readonly Scenario[] = [steady, leaderPartition, peerLatency];
