import { cutLinks } from '../../harness/nemesis/cut-links.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { killInstance } from '../../harness/nemesis/kill-instance.ts';
import { killInstances } from '../../harness/nemesis/kill-instances.ts';
import { slowPeers } from '../../harness/nemesis/slow-peers.ts';
import {
  at,
  type Profile,
  profiles,
  type Scenario,
  type Step,
  scheduleBaseMs,
} from '../../harness/scenario.ts';
import { baseline } from '../../scenarios/baseline.ts';
import { cutOffInstance, cutOffMember, slowInstance, slowReplication } from './nemeses.ts';

/** A Trap is the smallest scenario known in which a kind of bug shows reliably: few keys, the right fault, seconds. */
export interface Trap {
  readonly scenario: Scenario;
  readonly loadMs: number;
}

/** Long enough that a process reads what was written, short enough that a corpus is run in minutes. */
export function profileOf({ loadMs }: Trap): Profile {
  return { ...profiles.quick, warmUpMs: 500, loadMs, recoverMs: 2_000 };
}

interface Shape {
  readonly name: string;
  readonly question: string;
  readonly loadMs: number;
  readonly keys: number;
  readonly mix: Scenario['workload']['mix'];
  readonly transactions?: Scenario['workload']['transactions'];
  readonly instances?: number;
  readonly ratePerSecond?: number;
  readonly timesBy?: number;
  /** In the load's own time, not in that of the profiles. */
  readonly schedule?: readonly Step[];
}

function trap({ keys, mix, transactions, loadMs, schedule = [], ...shape }: Shape): Trap {
  const factor = scheduleBaseMs / loadMs;
  return {
    loadMs,
    scenario: {
      ...baseline,
      ratePerSecond: 100,
      ...shape,
      workload: { ...baseline.workload, keys, keyDistribution: { kind: 'uniform' }, mix, transactions },
      schedule: schedule.map((step) => ({ ...step, atMs: step.atMs * factor, forMs: step.forMs * factor })),
    },
  };
}

/** Members so far apart that a write takes 100 ms, and a follower is behind by half of it. */
const farApart = slowPeers({ latencyMs: 40, jitterMs: 0 });

const list: readonly Trap[] = [
  trap({
    name: 'contended',
    question: 'What do processes see that compare and set the same keys at once?',
    loadMs: 5_000,
    keys: 4,
    mix: { 'read:linearizable': 40, write: 10, cas: 50 },
  }),
  trap({
    name: 'lagging-followers',
    question: 'Who reads at a member that is behind?',
    loadMs: 6_000,
    keys: 3,
    // Which member an instance talks to is drawn, and instances that talk to one see no more than they have written.
    instances: 5,
    ratePerSecond: 200,
    mix: { 'read:linearizable': 60, write: 40 },
    schedule: [at(500, farApart).for(5_000)],
  }),
  trap({
    name: 'cut-off-member',
    question: 'Who reads at a member that the others have left behind?',
    loadMs: 6_000,
    keys: 3,
    mix: { 'read:linearizable': 60, write: 40 },
    schedule: [at(1_000, cutOffMember('m1')).for(3_500)],
  }),
  trap({
    name: 'lagging-replica',
    question: 'Who reads at a replica that is behind what the client has seen?',
    loadMs: 6_000,
    keys: 3,
    mix: { 'read:linearizable': 20, 'read:session': 40, write: 40 },
    schedule: [at(500, slowReplication({ latencyMs: 60 })).for(5_000)],
  }),
  trap({
    name: 'late-replica',
    question: 'What becomes of reads when the replica is too late for the client?',
    loadMs: 6_000,
    keys: 2,
    mix: { 'read:linearizable': 5, 'read:session': 80, write: 15 },
    schedule: [at(500, slowReplication({ latencyMs: 300 })).for(5_000)],
  }),
  trap({
    name: 'cut-off-instance',
    question: 'What does an instance say whose copy is no longer fed?',
    loadMs: 9_000,
    keys: 6,
    mix: { 'read:linearizable': 5, 'read:session': 20, 'read:eventual': 35, write: 35, delete: 5 },
    schedule: [at(1_000, cutOffInstance()).for(2_500), at(5_000, cutOffInstance()).for(2_500)],
  }),
  trap({
    name: 'long-cut-off-instance',
    question: 'For how long does an instance believe in a lease that it cannot renew?',
    loadMs: 8_000,
    keys: 6,
    mix: { 'read:linearizable': 20, 'read:session': 40, write: 40 },
    // Two lives of the lease, and what the server may take longer to let it go.
    schedule: [at(1_000, cutOffInstance()).for(5_500)],
  }),
  trap({
    name: 'followed-copy',
    question: 'Does the copy of one instance follow what another writes and deletes?',
    loadMs: 6_000,
    keys: 12,
    ratePerSecond: 100,
    mix: { 'read:linearizable': 5, 'read:session': 20, 'read:eventual': 55, write: 10, delete: 10 },
  }),
  trap({
    name: 'slow-instance',
    question: 'What is said of writes whose answers come too late?',
    loadMs: 7_000,
    keys: 4,
    mix: { 'read:linearizable': 50, write: 50 },
    schedule: [at(1_500, slowInstance({ latencyMs: 600 })).for(1_500)],
  }),
  trap({
    name: 'slow-drain',
    question: 'Do reads and writes keep their order while the queue waits for etcd?',
    loadMs: 6_000,
    keys: 3,
    mix: { 'read:linearizable': 5, 'read:session': 50, write: 45 },
    schedule: [at(500, farApart).for(5_000)],
  }),
  trap({
    name: 'leaderless-drain',
    question: 'What becomes of a queue that finds no leader?',
    loadMs: 8_000,
    keys: 1_000,
    mix: { 'read:linearizable': 5, 'read:session': 35, write: 60 },
    schedule: [at(3_000, isolateLeader()).for(2_500)],
  }),
  trap({
    name: 'database-cut-off',
    question: 'Has the database in the end what it could not take for a while?',
    loadMs: 6_000,
    // So many that what is dropped is seldom written again.
    keys: 1_000,
    mix: { 'read:linearizable': 5, 'read:session': 35, write: 60 },
    schedule: [at(1_500, cutLinks({ place: 'instances-to-database', flavour: 'reject' })).for(2_000)],
  }),
  trap({
    name: 'late-answers',
    question: 'What does an instance learn of writes whose answers it never had?',
    loadMs: 8_000,
    keys: 10,
    mix: { 'read:linearizable': 5, 'read:session': 60, write: 35 },
    schedule: [
      at(1_000, slowInstance({ latencyMs: 600 })).for(1_500),
      at(4_500, slowInstance({ latencyMs: 600 })).for(1_500),
    ],
  }),
  trap({
    name: 'killed-while-draining',
    question: 'What is lost of a queue when its instance is killed?',
    loadMs: 8_000,
    keys: 1_000,
    mix: { 'read:linearizable': 5, 'read:session': 35, write: 60 },
    schedule: [at(500, farApart).for(6_000), at(2_000, killInstance()).for(500)],
  }),
  trap({
    name: 'killed-behind-a-cut',
    question: 'What is lost of a queue that could not be drained when its instances are killed?',
    loadMs: 5_000,
    keys: 1_000,
    mix: { 'read:linearizable': 5, 'read:session': 35, write: 60 },
    schedule: [
      at(500, cutLinks({ place: 'instances-to-members', flavour: 'reject' })).for(1_900),
      // Longer than the cut: an instance that cannot reach etcd does not come back.
      at(2_200, killInstances()).for(400),
    ],
  }),
  trap({
    name: 'several-keys',
    question: 'Who sees one part of a transaction and not the other?',
    loadMs: 5_000,
    keys: 2,
    ratePerSecond: 60,
    transactions: { lists: 6, accounts: 6 },
    mix: {
      'read:linearizable': 5,
      write: 5,
      'txn:append': 30,
      'txn:read': 25,
      'txn:transfer': 20,
      'txn:balance': 15,
    },
  }),
  trap({
    name: 'short-lived-entries',
    question: 'Does a cache give up what has lived too long?',
    loadMs: 6_000,
    keys: 30,
    timesBy: 0.05,
    mix: { 'read:linearizable': 20, 'read:session': 10, 'read:eventual': 50, write: 20 },
  }),
];

/** Throws a RangeError for a name that no trap has. */
export function trapNamed(name: string): Trap {
  const found = list.find(({ scenario }) => scenario.name === name);
  if (found) return found;
  const known = list.map(({ scenario }) => scenario.name).join(', ');
  throw new RangeError(`the corpus has no scenario ${name}; there are: ${known}`);
}
