import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { policies } from './policies.ts';
import { cacheTimes, loadLimitMs } from './times.ts';

/**
 * Each policy as a strategy, cache-noop without any. All promise the same, so that figures tell them apart and nothing
 * else: writes, linearizable and session reads are the primary's own; nothing tells a cache what another instance
 * wrote, so an eventual read may be as old as an entry's life. That is also why convergence is not promised: right
 * after the load two caches may still differ, for as long as that.
 */
export const cachePolicies: readonly Omit<StrategyDescription, 'command'>[] = policies.map(
  ({ name, summary }) => ({
    name: `cache-${name}`,
    summary: `eventual reads in front of the primary: ${summary}`,
    promises: (timeScale) => [
      { guarantee: 'linearizable' },
      { guarantee: 'no-lost-writes', order: 'real-time' },
      { guarantee: 'read-your-writes', grade: 'session' },
      { guarantee: 'monotonic-reads', grade: 'session' },
      { guarantee: 'bounded-staleness', grade: 'eventual', maxStaleMs: maxStaleMs(timeScale) },
      { guarantee: 'progress', withinMs: Math.max(4_500, 15_000 * timeScale) },
    ],
  }),
);

/**
 * An entry's life counts from the sending of its load, so no hit is older. A read that joins a load which another had
 * begun is told what the source held when that was sent: at most the load's own limit before.
 */
function maxStaleMs(timeScale: number): number {
  return Math.max(cacheTimes(timeScale).ttlMs, loadLimitMs);
}
