/** Counters are what one server has done since some moment; only differences between two of them mean anything. */
export interface Counters {
  /** Queries (pg_stat_statements) of the services. Zero where that extension is missing. */
  readonly reads: number;
  readonly writes: number;
  /**
   * Commits and rollbacks of the services' database (pg_stat_database). PostgreSQL's processes report them once a
   * second while they work, and up to 10 s late when they then have nothing to do.
   */
  readonly transactions: number;
}

export const zero: Counters = { reads: 0, writes: 0, transactions: 0 };

/** What happened from a to b. */
export function difference(a: Counters, b: Counters): Counters {
  return {
    reads: b.reads - a.reads,
    writes: b.writes - a.writes,
    transactions: b.transactions - a.transactions,
  };
}

/** A DatabaseSample is what both servers had done since the series began, at one moment. */
export interface DatabaseSample {
  readonly atNs: number;
  /** Null while the server does not answer. What it then shows again goes on from where it was. */
  readonly primary: Counters | null;
  readonly replica: Counters | null;
  /** What the replica had not replayed of what the primary had written. Null while either is silent. */
  readonly replayLag: ReplayLag | null;
}

export interface ReplayLag {
  readonly bytes: number;
  /** How long ago the newest replayed transaction was committed; 0 when nothing is missing. */
  readonly ms: number;
}

/** A DatabaseSeries is the samples of a run, in the order of time. */
export interface DatabaseSeries {
  readonly samples: readonly DatabaseSample[];
  readonly hasReplica: boolean;
  /** False where pg_stat_statements is missing: then only transactions were counted. */
  readonly queriesCounted: boolean;
}
