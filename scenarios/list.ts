import type { Scenario } from '../harness/scenario.ts';
import { leaderPartition } from './leader-partition.ts';
import { minorityPartition } from './minority-partition.ts';
import { peerLatency } from './peer-latency.ts';
import { steady } from './steady.ts';

/** All scenarios, in the order in which they are run and listed. */
export const scenarios: readonly Scenario[] = [steady, leaderPartition, minorityPartition, peerLatency];

/** What `npm start` runs. */
export const mainJob: readonly Scenario[] = [steady, leaderPartition, peerLatency];
