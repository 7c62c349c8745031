/**
 * The times of lease-session; at scale 1 those of the article: TTL 10 s, renewed every 5 s; heartbeat every 5 s with a
 * limit of 3 s, connection check every 10 s with a limit of 2 s. The floors keep small scales above what a network needs.
 */
export interface LeaseSessionTimes {
  readonly ttlSeconds: number;
  readonly renewEveryMs: number;
  /** Taken off the lease's life, for what the two clocks may drift in it. */
  readonly marginMs: number;
  /** How often a beat is written, whose return through the watch proves how fresh the copy is. */
  readonly beatEveryMs: number;
  /** A beat that has not come back after so long shows that the watch is behind. */
  readonly beatLimitMs: number;
  /** How often etcd is asked whether the registration is still there, and when the answer is missed. */
  readonly heartbeatEveryMs: number;
  readonly heartbeatLimitMs: number;
  /** How often the watch's connection is checked, and within what time it should pass. */
  readonly checkEveryMs: number;
  readonly checkLimitMs: number;
  /** The copy is not served as fresh when it is proved for no later than this long ago. */
  readonly maxStaleMs: number;
  readonly progressWithinMs: number;
}

export function leaseSessionTimes(timeScale: number): LeaseSessionTimes {
  // etcd counts leases in whole seconds.
  const ttlSeconds = Math.max(2, Math.round(10 * timeScale));
  return {
    ttlSeconds,
    renewEveryMs: (ttlSeconds * 1_000) / 2,
    marginMs: Math.max(100, ttlSeconds * 20),
    beatEveryMs: Math.max(100, 1_000 * timeScale),
    beatLimitMs: Math.max(500, 3_000 * timeScale),
    heartbeatEveryMs: Math.max(500, 5_000 * timeScale),
    heartbeatLimitMs: Math.max(300, 3_000 * timeScale),
    checkEveryMs: Math.max(1_000, 10_000 * timeScale),
    checkLimitMs: Math.max(300, 2_000 * timeScale),
    maxStaleMs: Math.max(1_000, 5_000 * timeScale),
    progressWithinMs: Math.max(4_500, 15_000 * timeScale),
  };
}
