import type { CacheClass } from '../../harness/history/operation.ts';

/**
 * A CachePolicy stands in front of a slower source (the database) and answers reads from memory when it may.
 *
 *     get --> entry that lives --> answer
 *         \-> load, shared by all who ask meanwhile --> entry --> answer
 *     put --> write to the source --> entry updated or dropped
 *
 * Revisions decide between old and new, never the order of arrival: whoever asks after an answer of revision r was
 * given (by get or put) never gets an older one, and an entry is never replaced by an older one, whatever overtakes
 * what. That rests on a source that tells, for each load, its state at some moment after the load was sent.
 */
export interface CachePolicy {
  readonly name: string;
  /** Rejects with the loader's error, which is not kept, or with the signal's reason; an abort ends only this wait. */
  get(key: string, options?: GetOptions): Promise<CacheAnswer>;
  /**
   * Carries out `write`, which resolves to what the source holds afterwards: what it wrote or, where a compare was
   * lost, what it found. When it rejects it may have happened, so nothing that was known of the key is kept.
   * A write that takes effect even later than its rejection is seen when the entry's life ends.
   */
  put(key: string, write: () => Promise<Found>): Promise<Found>;
  /**
   * What somebody else learned of the source (a watch). It replaces an entry that is not newer. A key without one is
   * not taken in: everything that is written would crowd out what is read, and what comes late would not be noticed.
   */
  offer(key: string, found: Found): void;
  /** The source has changed: what is older than `revision` goes; all that is known, when it is left out. */
  invalidate(key: string, revision?: number): void;
  stats(): CacheStats;
  /** Resolves when no refresh runs in the background. */
  settled(): Promise<void>;
  /** Forgets everything once the refreshes have ended; later gets and puts are refused. */
  close(): Promise<void>;
}

/** A Found is the state of a key at the source. */
export interface Found {
  /** Null: there is no such key. */
  readonly value: unknown;
  /** Grows with every change of the key, its deletion included; 0: it never was. */
  readonly revision: number;
}

/** A Loader reads one key from the source. */
export type Loader = (key: string) => Promise<Found>;

export interface GetOptions {
  readonly signal?: AbortSignal;
  /** Asks the source though an entry lives, with a load that was not sent before: linearizable if the source is. */
  readonly fresh?: boolean;
}

/**
 * A CacheAnswer is what a get resolves to. Its class says how the cache took part:
 * `hit` from a living entry; `refresh` likewise, and it began to reload it; `stale` from an entry past its life,
 * because the source failed; `coalesced` from a load that another get or a refresh had begun; `miss` from its own.
 */
export interface CacheAnswer extends Found {
  readonly class: CacheClass;
  /** The state may have changed since so long ago: the time from the sending of the load or write that told it. */
  readonly ageMs: number;
}

export interface CacheStats {
  /** Every get counts once, when it ends, in one class; one that rejects counts as what it waited for. */
  readonly classes: Readonly<Record<CacheClass, number>>;
  /** Gets that rejected. */
  readonly failed: number;
  /** What the source was asked: by gets and by refreshes. */
  readonly loads: number;
  readonly loadsFailed: number;
  /** Results of loads that were not kept, because something newer was known. */
  readonly loadsOvertaken: number;
  readonly refreshesFailed: number;
  /** Refreshes not begun, because as many as allowed were running. */
  readonly refreshesSkipped: number;
  readonly writes: number;
  /** Entries that went because the size was reached. */
  readonly evictions: number;
  readonly entries: number;
}

/** A PolicyKind is one member of the family: a name and how to make one. */
export interface PolicyKind {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Throws a RangeError when an option is out of its range. */
  create(options: PolicyOptions): CachePolicy;
}

export interface PolicyOptions {
  readonly load: Loader;
  /** The most entries that are kept, absent keys included. */
  readonly size: number;
  /** The longest life of an entry, counted from the sending of its load. Infinity when left out. */
  readonly ttlMs?: number;
  /** The same for a key that is absent at the source: at most ttlMs, and that when left out. */
  readonly negativeTtlMs?: number;
  /** The share of its life that chance takes off an entry at most, so that not all end at once; from 0 to below 1. */
  readonly jitter?: number;
  /** refresh-ahead: an access reloads when less than this share of the entry's life is left. */
  readonly refreshBelow?: number;
  /** The most refreshes that run at the same time. */
  readonly maxRefreshes?: number;
  /** How long past its life an entry is still given when the source fails. 0: never. */
  readonly staleIfErrorMs?: number;
  /** For the jitter. */
  readonly seed?: number;
  /** A clock that never falls, in milliseconds. */
  readonly nowMs?: () => number;
}

/** The largest size of a cache: lru-cache sets its tables aside at once, some 30 bytes for each entry. */
export const maxCacheSize = 10_000_000;

/** Fills in what was left out. Throws a RangeError that names the option, what it should be and what it is. */
export function checkedOptions(options: PolicyOptions): Required<PolicyOptions> {
  const ttlMs = options.ttlMs ?? Number.POSITIVE_INFINITY;
  const checked = {
    load: options.load,
    size: options.size,
    ttlMs,
    negativeTtlMs: Math.min(options.negativeTtlMs ?? ttlMs, ttlMs),
    jitter: options.jitter ?? 0,
    refreshBelow: options.refreshBelow ?? 0.25,
    maxRefreshes: options.maxRefreshes ?? 16,
    staleIfErrorMs: options.staleIfErrorMs ?? 0,
    seed: options.seed ?? 0,
    nowMs: options.nowMs ?? (() => performance.now()),
  };
  checkSize(checked.size);
  for (const name of ['ttlMs', 'negativeTtlMs'] as const) {
    if (!(checked[name] > 0)) throw new RangeError(`${name} should be above 0, got ${checked[name]}`);
  }
  if (!(checked.jitter >= 0 && checked.jitter < 1)) {
    throw new RangeError(`jitter should be from 0 to below 1, got ${checked.jitter}`);
  }
  if (!(checked.refreshBelow > 0 && checked.refreshBelow <= 1)) {
    throw new RangeError(`refreshBelow should be above 0 and at most 1, got ${checked.refreshBelow}`);
  }
  if (!(Number.isInteger(checked.maxRefreshes) && checked.maxRefreshes >= 0)) {
    throw new RangeError(`maxRefreshes should be a whole number of 0 or more, got ${checked.maxRefreshes}`);
  }
  if (!(checked.staleIfErrorMs >= 0)) {
    throw new RangeError(`staleIfErrorMs should be 0 or more, got ${checked.staleIfErrorMs}`);
  }
  return checked;
}

/** Throws a RangeError unless it is a size that a cache can have. */
export function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= maxCacheSize) return;
  throw new RangeError(
    `the size of a cache should be a whole number of entries from 1 to ${maxCacheSize}, got ${size}`,
  );
}
