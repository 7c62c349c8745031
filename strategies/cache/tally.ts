import type { CacheClass } from '../../harness/history/operation.ts';
import type { CacheStats, Loader } from './policy.ts';

/** A Tally is the CacheStats of one cache while they are counted. */
export class Tally {
  readonly classes: Record<CacheClass, number> = { hit: 0, stale: 0, coalesced: 0, miss: 0, refresh: 0 };
  failed = 0;
  loads = 0;
  loadsFailed = 0;
  loadsOvertaken = 0;
  refreshesFailed = 0;
  refreshesSkipped = 0;
  writes = 0;
  evictions = 0;

  /** The same loader, counted. */
  counting(load: Loader): Loader {
    return async (key) => {
      this.loads += 1;
      try {
        return await load(key);
      } catch (error) {
        this.loadsFailed += 1;
        throw error;
      }
    };
  }

  stats(entries: number): CacheStats {
    return { ...this, classes: { ...this.classes }, entries };
  }
}
