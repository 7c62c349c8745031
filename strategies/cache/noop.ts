import { type CachePolicy, checkedOptions, type PolicyKind, type PolicyOptions } from './policy.ts';
import { Tally } from './tally.ts';
import { unlessAborted } from './unless-aborted.ts';

/** No cache: the baseline that the others are measured against. Each get is a load of its own. */
export const noop: PolicyKind = {
  name: 'noop',
  summary: 'keeps nothing: every read and every write goes to the source',
  create: noCache,
};

function noCache(options: PolicyOptions): CachePolicy {
  const { nowMs, ...checked } = checkedOptions(options);
  const tally = new Tally();
  const load = tally.counting(checked.load);
  let closed = false;
  const refuseWhenClosed = () => {
    if (closed) throw new Error('the cache (noop) is closed');
  };
  return {
    name: noop.name,
    async get(key, { signal } = {}) {
      refuseWhenClosed();
      signal?.throwIfAborted();
      const sentAtMs = nowMs();
      try {
        const { value, revision } = await unlessAborted(load(key), signal);
        return { value, revision, class: 'miss', ageMs: nowMs() - sentAtMs };
      } catch (error) {
        tally.failed += 1;
        throw error;
      } finally {
        tally.classes.miss += 1;
      }
    },
    async put(_key, write) {
      refuseWhenClosed();
      tally.writes += 1;
      return write();
    },
    offer() {},
    invalidate() {},
    stats: () => tally.stats(0),
    async settled() {},
    async close() {
      closed = true;
    },
  };
}
