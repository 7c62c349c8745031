/** Tuning is how the members are set up, beside what makes them a cluster. What is left out is `usualTimes`, or etcd's own. */
export interface Tuning {
  /** From the leader to its followers. */
  readonly heartbeatMs?: number;
  /** After so long without a heartbeat a follower stands for election; at least 5 heartbeats, as etcd demands. */
  readonly electionMs?: number;
  /** Off in 3.4 and on in 3.5 and later unless told; say it to compare versions. */
  readonly preVote?: boolean;
  /** Entries from one snapshot to the next: a member that is further behind gets a snapshot. */
  readonly snapshotCount?: number;
  /** A store that has reached it refuses writes that need space. */
  readonly quotaBackendBytes?: number;
  /** How many revisions a compaction takes away before it makes a pause: few make it long. 1,000 in etcd. */
  readonly compactionBatchLimit?: number;
  /** How far a member may be behind before it is sent a snapshot. From 3.6 on; earlier ones keep 5,000 whatever is said. */
  readonly snapshotCatchUpEntries?: number;
}

/** For members of one machine: an election takes about a second. */
export const usualTimes = { heartbeatMs: 50, electionMs: 500 } as const;

const bounds = {
  heartbeatMs: [10, 10_000],
  electionMs: [50, 50_000],
  snapshotCount: [1, 10_000_000],
  // Below a megabyte etcd cannot write its own pages; above 8 GiB it warns.
  quotaBackendBytes: [2 ** 20, 2 ** 33],
  compactionBatchLimit: [1, 1_000_000],
  snapshotCatchUpEntries: [1, 10_000_000],
} as const;

/** From and to, both included. */
export const tuningBounds: Readonly<Record<keyof typeof bounds, readonly [number, number]>> = bounds;

/** The tuning as it was told, without what was left out. @throws RangeError that names what is out of its range */
export function checkedTuning(tuning: Tuning): Tuning {
  for (const [name, [from, to]] of Object.entries(bounds)) {
    const value = tuning[name as keyof typeof bounds];
    if (value !== undefined && !(Number.isInteger(value) && value >= from && value <= to)) {
      throw new RangeError(`${name} should be a whole number from ${from} to ${to}, got ${value}`);
    }
  }
  const { heartbeatMs, electionMs } = { ...usualTimes, ...told(tuning) };
  if (electionMs < 5 * heartbeatMs) {
    throw new RangeError(
      `electionMs should be at least 5 x heartbeatMs (${5 * heartbeatMs}) as etcd demands, got ${electionMs}`,
    );
  }
  return told(tuning);
}

/**
 * As the command line of this version of etcd has it, and of the oldest where it is not known; what the version has no flag for is left out.
 * @throws RangeError
 */
export function tuningArguments(tuning: Tuning, version = '3.4.0'): string[] {
  const { heartbeatMs, electionMs, preVote, snapshotCount, quotaBackendBytes, ...since } = {
    ...usualTimes,
    ...checkedTuning(tuning),
  };
  const { compactionBatchLimit, snapshotCatchUpEntries } = since;
  const is36 = isFrom36(version);
  const batchFlag = is36 ? '--compaction-batch-limit' : '--experimental-compaction-batch-limit';
  return [
    ...['--heartbeat-interval', String(heartbeatMs), '--election-timeout', String(electionMs)],
    ...(preVote === undefined ? [] : [`--pre-vote=${preVote}`]),
    ...(snapshotCount === undefined ? [] : ['--snapshot-count', String(snapshotCount)]),
    ...(quotaBackendBytes === undefined ? [] : ['--quota-backend-bytes', String(quotaBackendBytes)]),
    ...(compactionBatchLimit === undefined ? [] : [batchFlag, String(compactionBatchLimit)]),
    ...(snapshotCatchUpEntries === undefined || !is36
      ? []
      : ['--snapshot-catchup-entries', String(snapshotCatchUpEntries)]),
  ];
}

function isFrom36(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major! > 3 || (major === 3 && minor! >= 6);
}

/** What the second tells goes before what the first does. @throws RangeError when the two do not go together */
export function tunedBy(first: Tuning = {}, second: Tuning = {}): Tuning {
  return checkedTuning({ ...told(first), ...told(second) });
}

function told(tuning: Tuning): Tuning {
  const { heartbeatMs, electionMs, preVote, snapshotCount, quotaBackendBytes } = tuning;
  const { compactionBatchLimit, snapshotCatchUpEntries } = tuning;
  const all = {
    ...{ heartbeatMs, electionMs, preVote, snapshotCount, quotaBackendBytes },
    ...{ compactionBatchLimit, snapshotCatchUpEntries },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
