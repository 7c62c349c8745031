import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { transactionPromises } from '../transaction-promises.ts';
import { leaseSessionTimes } from './times.ts';

export const leaseSession: Omit<StrategyDescription, 'command'> = {
  name: 'lease-session',
  summary:
    'etcd is the truth; a lease guards the session, a watched copy is served while it is provably fresh, writes are fenced',
  leaseKeys: 'lease-session/sessions/',
  valueKeys: 'lease-session/kv/',
  promises(timeScale) {
    const times = leaseSessionTimes(timeScale);
    return [
      { guarantee: 'linearizable' },
      { guarantee: 'no-lost-writes', order: 'real-time' },
      { guarantee: 'read-your-writes', grade: 'session' },
      { guarantee: 'monotonic-reads', grade: 'session' },
      { guarantee: 'bounded-staleness', grade: 'session', maxStaleMs: times.maxStaleMs },
      { guarantee: 'bounded-staleness', grade: 'eventual', maxStaleMs: times.maxStaleMs },
      { guarantee: 'monotonic-writes', order: 'real-time' },
      { guarantee: 'writes-follow-reads', grade: 'session' },
      { guarantee: 'bounded-revisions', grade: 'linearizable', maxRevisions: 0 },
      { guarantee: 'no-duplicated-writes' },
      { guarantee: 'no-resurrected-writes', order: 'real-time' },
      { guarantee: 'fencing', scope: 'instance' },
      { guarantee: 'lease-truth' },
      { guarantee: 'availability', grade: 'eventual', okShare: 0.9 },
      ...transactionPromises,
      { guarantee: 'convergence' },
      { guarantee: 'progress', withinMs: times.progressWithinMs },
    ];
  },
};

/** It promises what people believe of it. */
export const leaseSessionNaive: Omit<StrategyDescription, 'command'> = {
  ...leaseSession,
  name: 'lease-session-naive',
  leaseKeys: 'lease-session-naive/sessions/',
  valueKeys: 'lease-session-naive/kv/',
  summary:
    'lease-session as it is mostly written: `if (lease.isValid()) put()`, the client library as it comes',
};
