import { LoadingCache } from './loading-cache.ts';
import type { PolicyKind } from './policy.ts';

/**
 * Cache-aside: the first read after a write pays for a load. In return, what is written and never read takes no
 * place from what is read.
 */
export const lru: PolicyKind = {
  name: 'lru',
  summary:
    'cache-aside: reads load what is missing, a write drops the entry, the least recently used goes first',
  create: (options) => new LoadingCache(options, { name: 'lru', afterWrite: 'drop', refreshes: false }),
};
