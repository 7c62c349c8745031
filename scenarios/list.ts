import type { Measurement } from '../harness/measurement.ts';
import type { Scenario } from '../harness/scenario.ts';
import { cacheComparison } from './cache-comparison.ts';
import { conditionalUpdates } from './conditional-updates.ts';
import { configurationPush } from './configuration-push.ts';
import { edgeSite } from './edge-site.ts';
import { etcdExploration } from './etcd-exploration.ts';
import { gradedReads } from './graded-reads.ts';
import { instanceKill } from './instance-kill.ts';
import { instancePause } from './instance-pause.ts';
import { leaderElection } from './leader-election.ts';
import { leaderPartition } from './leader-partition.ts';
import { leaseExpiry } from './lease-expiry.ts';
import { minorityPartition } from './minority-partition.ts';
import { mixed } from './mixed.ts';
import { oneKey } from './one-key.ts';
import { peerLatency } from './peer-latency.ts';
import { replicaLag } from './replica-lag.ts';
import { sessionStability } from './session-stability.ts';
import { smoke } from './smoke.ts';
import { soak } from './soak.ts';
import { splitBrain } from './split-brain.ts';
import { steady } from './steady.ts';
import { transactions } from './transactions.ts';
import { watchLag } from './watch-lag.ts';
import { writeBehindCrash } from './write-behind-crash.ts';
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
  oneKey,
  leaseExpiry,
  leaderElection,
  splitBrain,
  replicaLag,
  conditionalUpdates,
  sessionStability,
  gradedReads,
  writeBehindCrash,
  edgeSite,
  configurationPush,
  cacheComparison,
  watchLag,
  etcdExploration,
  smoke,
  soak,
];

/** Scenarios that measure something without strategies; run by name. */
export const measurements: readonly Measurement[] = [writeSerialisation];

/** What `npm start` runs. */
export const mainJob: readonly Scenario[] = [steady, leaderPartition, peerLatency];
