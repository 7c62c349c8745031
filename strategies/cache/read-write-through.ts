import { LoadingCache } from './loading-cache.ts';
import type { PolicyKind } from './policy.ts';

/** The entry is what the source acknowledged, so the read after a write is a hit. */
export const readWriteThrough: PolicyKind = {
  name: 'read-write-through',
  summary: 'reads load through the cache, writes go through it and become the entry',
  create: (options) =>
    new LoadingCache(options, { name: 'read-write-through', afterWrite: 'update', refreshes: false }),
};
