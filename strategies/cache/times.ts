/** The times of a served cache; at scale 1 an entry is reloaded ahead when under 30 s of its life remain. */
export interface CacheTimes {
  /** No answer from the cache is older. */
  readonly ttlMs: number;
  /** For keys that are absent. */
  readonly negativeTtlMs: number;
  /** The share of an entry's life in which an access reloads it. */
  readonly refreshBelow: number;
}

/** Below the patience of a client (1 s), so that it learns what became of its operation. */
export const loadLimitMs = 800;

export function cacheTimes(timeScale: number): CacheTimes {
  return { ttlMs: 120_000 * timeScale, negativeTtlMs: 10_000 * timeScale, refreshBelow: 30_000 / 120_000 };
}
