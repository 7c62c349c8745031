import { LRUCache } from 'lru-cache';
import type { CacheClass } from '../../harness/history/operation.ts';
import { type Random, seeded } from '../../harness/random.ts';
import {
  type CacheAnswer,
  type CachePolicy,
  type CacheStats,
  checkedOptions,
  type Found,
  type GetOptions,
  type Loader,
  type PolicyOptions,
} from './policy.ts';
import { Tally } from './tally.ts';
import { unlessAborted } from './unless-aborted.ts';

/** The Rules are what the policies differ in. */
export interface Rules {
  readonly name: string;
  /** What becomes of the entry when its key was written through this cache. */
  readonly afterWrite: 'drop' | 'update';
  /** Whether an access near the end of an entry's life reloads it. */
  readonly refreshes: boolean;
}

/** A Known is what is known of a key and since when: it was so at some moment after sentAtMs. */
interface Known {
  readonly found: Found;
  readonly sentAtMs: number;
}

interface Entry extends Known {
  readonly lifeMs: number;
  readonly expiresAtMs: number;
}

/**
 * A Flight is what is remembered of a key beyond its entry while loads or writes of it are under way, so that the
 * late ones among them do no harm: the entry may have been dropped or evicted meanwhile.
 */
interface Flight {
  /** Loads and writes under way. */
  pending: number;
  /** The load that a get may join. */
  loading: Loading | undefined;
  /** The newest that any of them told. */
  newest: Known | undefined;
  /** What is older than this is not kept. */
  floor: number;
  /** Grows when all that is known goes. What a load tells that began before is not kept. */
  generation: number;
}

/** A Loading is one load under way. */
interface Loading {
  ended: Promise<void>;
}

/**
 * A LoadingCache is an LRU cache with a life for each entry and one load at a time for each key. Its own
 * single-flight instead of lru-cache's fetch(): that one rejects the waiters of a load that a write overtook, and
 * sets aside a place for a value that is not there yet.
 */
export class LoadingCache implements CachePolicy {
  readonly name: string;
  readonly #rules: Rules;
  readonly #options: Required<PolicyOptions>;
  readonly #entries: LRUCache<string, Entry>;
  readonly #flights = new Map<string, Flight>();
  readonly #refreshes = new Set<Promise<unknown>>();
  readonly #random: Random;
  readonly #tally = new Tally();
  readonly #read: Loader;
  #closed = false;

  constructor(options: PolicyOptions, rules: Rules) {
    this.name = rules.name;
    this.#rules = rules;
    this.#options = checkedOptions(options);
    this.#read = this.#tally.counting(this.#options.load);
    this.#random = seeded(this.#options.seed).fork('cache-jitter');
    this.#entries = new LRUCache({
      max: this.#options.size,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#tally.evictions += 1;
      },
    });
  }

  async get(key: string, { signal, fresh = false }: GetOptions = {}): Promise<CacheAnswer> {
    this.#refuseWhenClosed();
    signal?.throwIfAborted();
    const entry = fresh ? undefined : this.#entries.get(key);
    if (entry) {
      const nowMs = this.#options.nowMs();
      if (nowMs < entry.expiresAtMs) return this.#counted(entry, this.#touch(key, entry, nowMs), nowMs);
    }
    const flight = this.#enter(key);
    const joined = fresh ? undefined : flight.loading;
    const kind = joined ? 'coalesced' : 'miss';
    try {
      const { ended } = joined ?? this.#load(key, flight);
      await unlessAborted(ended, signal);
      // Not the load's own result: a write may have been answered since it came.
      const newest = newerOf(this.#entries.peek(key), flight.newest!);
      return this.#counted(newest, kind, this.#options.nowMs());
    } catch (error) {
      const nowMs = this.#options.nowMs();
      const left = fresh || signal?.aborted ? undefined : this.#entries.peek(key);
      if (left && nowMs < left.expiresAtMs + this.#options.staleIfErrorMs) {
        return this.#counted(left, nowMs < left.expiresAtMs ? kind : 'stale', nowMs);
      }
      this.#tally.classes[kind] += 1;
      this.#tally.failed += 1;
      throw error;
    } finally {
      this.#leave(key, flight);
    }
  }

  async put(key: string, write: () => Promise<Found>): Promise<Found> {
    this.#refuseWhenClosed();
    const flight = this.#enter(key);
    const { generation } = flight;
    const sentAtMs = this.#options.nowMs();
    this.#tally.writes += 1;
    try {
      const found = await write();
      const known = { found, sentAtMs };
      if (this.#rules.afterWrite === 'update') {
        this.#learn(key, flight, known, generation);
      } else {
        flight.newest = newerOf(flight.newest, known);
        this.invalidate(key, found.revision);
      }
      return found;
    } catch (error) {
      this.invalidate(key);
      throw error;
    } finally {
      this.#leave(key, flight);
    }
  }

  offer(key: string, found: Found): void {
    const known = { found, sentAtMs: this.#options.nowMs() };
    const flight = this.#flights.get(key);
    if (flight) flight.newest = newerOf(flight.newest, known);
    const entry = this.#entries.peek(key);
    if (entry && newerOf(entry, known) === known) this.#entries.set(key, this.#entry(known));
  }

  invalidate(key: string, revision?: number): void {
    const entry = this.#entries.peek(key);
    if (entry && (revision === undefined || entry.found.revision < revision)) this.#entries.delete(key);
    const flight = this.#flights.get(key);
    if (!flight) return;
    // Who asks from now on waits for a load that is sent from now on.
    flight.loading = undefined;
    if (revision === undefined) flight.generation += 1;
    else flight.floor = Math.max(flight.floor, revision);
  }

  stats(): CacheStats {
    return this.#tally.stats(this.#entries.size);
  }

  async settled(): Promise<void> {
    while (this.#refreshes.size > 0) await Promise.all(this.#refreshes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    this.#entries.clear();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new Error(`the cache (${this.name}) is closed`);
  }

  #counted({ found, sentAtMs }: Known, kind: CacheClass, nowMs: number): CacheAnswer {
    this.#tally.classes[kind] += 1;
    return { value: found.value, revision: found.revision, class: kind, ageMs: nowMs - sentAtMs };
  }

  /** Begins a refresh of a living entry if it is time. */
  #touch(key: string, entry: Entry, nowMs: number): 'hit' | 'refresh' {
    if (!this.#rules.refreshes) return 'hit';
    if (entry.expiresAtMs - nowMs >= entry.lifeMs * this.#options.refreshBelow) return 'hit';
    if (this.#flights.get(key)?.loading) return 'hit';
    if (this.#refreshes.size >= this.#options.maxRefreshes) {
      this.#tally.refreshesSkipped += 1;
      return 'hit';
    }
    // One that fails changes nothing: the entry keeps what is left of its life.
    const flight = this.#enter(key);
    const refresh = this.#load(key, flight)
      .ended.catch(() => {
        this.#tally.refreshesFailed += 1;
      })
      .finally(() => this.#refreshes.delete(refresh));
    this.#refreshes.add(refresh);
    this.#leave(key, flight);
    return 'refresh';
  }

  /** Begins a load and lets others join it. */
  #load(key: string, flight: Flight): Loading {
    flight.pending += 1;
    const loading = { ended: unbegun };
    loading.ended = this.#loaded(key, flight, loading);
    // Everybody who waits hears of its failure; when nobody is left, it must not end the process.
    loading.ended.catch(() => {});
    flight.loading = loading;
    return loading;
  }

  async #loaded(key: string, flight: Flight, loading: Loading): Promise<void> {
    const { generation } = flight;
    const sentAtMs = this.#options.nowMs();
    try {
      const found = await this.#read(key);
      if (!this.#learn(key, flight, { found, sentAtMs }, generation)) this.#tally.loadsOvertaken += 1;
    } finally {
      if (flight.loading === loading) flight.loading = undefined;
      this.#leave(key, flight);
    }
  }

  /** Takes notice of what was told; whether it became the entry. */
  #learn(key: string, flight: Flight, known: Known, generation: number): boolean {
    flight.newest = newerOf(flight.newest, known);
    const entry = this.#entries.peek(key);
    const keeps =
      !this.#closed &&
      generation === flight.generation &&
      known.found.revision >= flight.floor &&
      known.found.revision >= flight.newest.found.revision &&
      newerOf(entry, known) === known;
    if (keeps) this.#entries.set(key, this.#entry(known));
    // Somebody is about to be given it, so nobody may be given less from here on.
    else if (entry && entry.found.revision < known.found.revision) this.#entries.delete(key);
    return keeps;
  }

  #entry({ found, sentAtMs }: Known): Entry {
    const { ttlMs, negativeTtlMs, jitter } = this.#options;
    const longestMs = found.value === null ? negativeTtlMs : ttlMs;
    const lifeMs = jitter === 0 ? longestMs : longestMs * (1 - jitter * this.#random.number());
    return { found, sentAtMs, lifeMs, expiresAtMs: sentAtMs + lifeMs };
  }

  #enter(key: string): Flight {
    let flight = this.#flights.get(key);
    if (!flight) {
      flight = { pending: 0, loading: undefined, newest: undefined, floor: 0, generation: 0 };
      this.#flights.set(key, flight);
    }
    flight.pending += 1;
    return flight;
  }

  #leave(key: string, flight: Flight): void {
    flight.pending -= 1;
    if (flight.pending === 0) this.#flights.delete(key);
  }
}

const unbegun = Promise.resolve();

/** By revision; of the same revision the one asked for later, because it holds for longer. */
function newerOf(known: Known | undefined, other: Known): Known {
  if (!known) return other;
  const difference = other.found.revision - known.found.revision;
  if (difference !== 0) return difference > 0 ? other : known;
  return other.sentAtMs >= known.sentAtMs ? other : known;
}
