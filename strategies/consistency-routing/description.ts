import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { transactionPromises } from '../transaction-promises.ts';

export const consistencyRouting: Omit<StrategyDescription, 'command'> = {
  name: 'consistency-routing',
  summary:
    'the database is the truth; writes and linearizable reads go to the primary, session and eventual reads to the replica',
  promises: (timeScale) => [
    { guarantee: 'linearizable' },
    { guarantee: 'no-lost-writes', order: 'real-time' },
    { guarantee: 'read-your-writes', grade: 'session' },
    { guarantee: 'monotonic-reads', grade: 'session' },
    { guarantee: 'monotonic-writes', order: 'real-time' },
    { guarantee: 'writes-follow-reads', grade: 'session' },
    { guarantee: 'bounded-revisions', grade: 'linearizable', maxRevisions: 0 },
    { guarantee: 'no-duplicated-writes' },
    { guarantee: 'no-resurrected-writes', order: 'real-time' },
    { guarantee: 'availability', grade: 'eventual', okShare: 0.9 },
    ...transactionPromises,
    { guarantee: 'convergence' },
    { guarantee: 'progress', withinMs: Math.max(4_500, 15_000 * timeScale) },
  ],
};

/** It promises what people believe of it. */
export const consistencyRoutingNaive: Omit<StrategyDescription, 'command'> = {
  ...consistencyRouting,
  name: 'consistency-routing-naive',
  summary: 'consistency-routing as it is mostly written: writes at the primary, every read at the replica',
};
