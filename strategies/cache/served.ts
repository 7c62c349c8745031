import { DatabaseClient, refuseDatabase } from '../database/database-client.ts';
import { isThere, type RevisedRow, RevisedTable } from '../database/revised-table.ts';
import type {
  DatabaseQueries,
  OpenStrategy,
  ReadAnswer,
  ReadRequest,
  Strategy,
  StrategyContext,
  WriteAnswer,
  WriteRequest,
} from '../strategy.ts';
import { policyNamed } from './policies.ts';
import type { CacheAnswer, CachePolicy, Found, PolicyKind, PolicyOptions } from './policy.ts';
import { cacheTimes, loadLimitMs } from './times.ts';

/** What may be set of a served cache; the rest follows from the context. Times are not scaled. */
export type ServedOptions = Partial<
  Pick<
    PolicyOptions,
    'size' | 'ttlMs' | 'negativeTtlMs' | 'jitter' | 'refreshBelow' | 'maxRefreshes' | 'staleIfErrorMs'
  >
>;

/**
 * A cache policy as a strategy: `cache-lru` and so on, with `cache-noop` as the baseline. The primary is the truth;
 * eventual reads go through the cache, and nothing tells the cache of one instance what another wrote, so they may
 * be as old as an entry's life. Throws a RangeError for an unknown policy.
 */
export function cached(policyName: string, options: ServedOptions = {}): Strategy {
  const kind = policyNamed(policyName);
  return {
    name: `cache-${kind.name}`,
    async open(context) {
      const served = new ServedCache(kind, context, options);
      await served.start();
      return served;
    },
  };
}

/**
 *   eventual read              --> cache --> primary, when it has to load
 *   session, linearizable read --> primary, and what it tells becomes the entry
 *   write                      --> primary, then the entry is updated or dropped
 */
class ServedCache implements OpenStrategy {
  readonly #primary: DatabaseClient;
  readonly #table: RevisedTable;
  readonly #cache: CachePolicy;

  constructor(kind: PolicyKind, context: StrategyContext, options: ServedOptions) {
    this.#primary = new DatabaseClient({
      role: 'primary',
      url: context.primaryUrl,
      deadlineMs: loadLimitMs,
      instance: context.instance,
    });
    this.#table = new RevisedTable(this.#primary, 'cached_values');
    this.#cache = kind.create({
      size: 1_000,
      jitter: 0.1,
      ...cacheTimes(context.timeScale),
      ...options,
      load: (key) => this.#load(key),
      seed: context.seed,
    });
  }

  async start(): Promise<void> {
    await this.#table.define();
  }

  async read({ key, grade }: ReadRequest): Promise<ReadAnswer> {
    try {
      if (grade === 'eventual') return answer(await this.#cache.get(key));
      const { cache: _cache, ...fresh } = answer(await this.#cache.get(key, { fresh: true }));
      return fresh;
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const { key, value, expectedRevision } = request;
    let written = true;
    let revision: number | undefined;
    try {
      const found = await this.#cache.put(key, async () => {
        revision = await this.#table.write(request);
        // Nothing was written: what is there instead is asked for, so that the cache learns it too.
        written = revision !== undefined || expectedRevision === undefined;
        return revision ? { value: value ?? null, revision } : this.#load(key);
      });
      if (written) return { written, ...(revision && { revision }), source: 'primary' };
      return { written, revision: found.value === null ? 0 : found.revision, source: 'primary' };
    } catch (error) {
      // Where the compare was lost, that much is certain; only what is there instead could not be told.
      throw refuseDatabase(error, written ? 'write' : 'read');
    }
  }

  databaseQueries(): readonly DatabaseQueries[] {
    return this.#primary.queries;
  }

  metrics(): Readonly<Record<string, number>> {
    const { classes, ...counts } = this.#cache.stats();
    const hits = classes.hit + classes.refresh + classes.stale;
    return {
      faultline_cache_entries: counts.entries,
      faultline_cache_hits: hits,
      faultline_cache_stale_hits: classes.stale,
      faultline_cache_coalesced: classes.coalesced,
      faultline_cache_misses: classes.miss,
      faultline_cache_refreshes: classes.refresh,
      faultline_cache_refreshes_failed: counts.refreshesFailed,
      faultline_cache_refreshes_skipped: counts.refreshesSkipped,
      faultline_cache_loads: counts.loads,
      faultline_cache_loads_failed: counts.loadsFailed,
      faultline_cache_loads_overtaken: counts.loadsOvertaken,
      faultline_cache_evictions: counts.evictions,
    };
  }

  health(): { ok: true } {
    return { ok: true };
  }

  async close(): Promise<void> {
    await this.#cache.close();
    await this.#primary.close();
  }

  async #load(key: string): Promise<Found> {
    const [row] = await this.#primary.read<RevisedRow>(this.#table.selecting(), [key]);
    return { value: isThere(row!) ? row.value : null, revision: Number(row!.revision ?? 0) };
  }
}

function answer({ value, revision, class: kind, ageMs }: CacheAnswer): ReadAnswer {
  const fromCache = kind === 'hit' || kind === 'refresh' || kind === 'stale';
  return {
    value,
    ...(value !== null && { revision }),
    source: fromCache ? 'cache' : 'primary',
    cache: kind,
    ...(fromCache && { staleMs: Math.ceil(ageMs) }),
  };
}
