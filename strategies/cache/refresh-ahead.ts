import { LoadingCache } from './loading-cache.ts';
import type { PolicyKind } from './policy.ts';

/**
 * Refresh-ahead in Coherence's meaning: an access when little is left of the entry's life is answered from the
 * entry, which is reloaded in the background; an access after its life waits for a load. Stale-while-revalidate,
 * which answers from what has expired, is something else.
 *
 *     loaded ---- hit ---- hit ---- | -- refresh --> reloaded        | miss
 *                                   refreshBelow of the life is left   the life ends
 */
export const refreshAhead: PolicyKind = {
  name: 'refresh-ahead',
  summary: "read-write-through, and an access near the end of an entry's life reloads it in the background",
  create: (options) =>
    new LoadingCache(options, { name: 'refresh-ahead', afterWrite: 'update', refreshes: true }),
};
