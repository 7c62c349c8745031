import type { SharedValues, StrategyDescription } from '../../harness/service/strategy.ts';
import { transactionPromises } from '../transaction-promises.ts';

type Description = Omit<StrategyDescription, 'command'>;

const progressWithinMs = (timeScale: number) => Math.max(4_500, 15_000 * timeScale);

const stores = (etcdPrefix: string): SharedValues => ({
  etcdPrefix,
  rows: 'select key, value from queued_values where not deleted',
});

export const writeBehind: Description = {
  name: 'write-behind',
  summary:
    'a write is acknowledged once it is in a synced journal; batches go to etcd, which gives the order, and to the database',
  valueKeys: 'write-behind/kv/',
  promises: (timeScale) => [
    { guarantee: 'no-lost-writes', order: 'per-instance' },
    { guarantee: 'read-your-writes', grade: 'session' },
    { guarantee: 'monotonic-reads', grade: 'session' },
    { guarantee: 'monotonic-writes', order: 'per-instance' },
    { guarantee: 'no-duplicated-writes' },
    { guarantee: 'no-resurrected-writes', order: 'per-instance' },
    { guarantee: 'availability', grade: 'eventual', okShare: 0.9 },
    ...transactionPromises,
    { guarantee: 'convergence' },
    { guarantee: 'stores-agree' },
    { guarantee: 'progress', withinMs: progressWithinMs(timeScale) },
  ],
  stores: stores('write-behind/kv/'),
};

/** What an instance had acknowledged and not yet drained is gone when it is killed, so little is promised. */
export const writeBehindMemory: Description = {
  name: 'write-behind-memory',
  summary: 'write-behind with its queue in memory only: what a crash loses is measured',
  promises: (timeScale) => [
    { guarantee: 'convergence' },
    { guarantee: 'stores-agree' },
    { guarantee: 'progress', withinMs: progressWithinMs(timeScale) },
  ],
  stores: stores('write-behind-memory/kv/'),
};

/** It promises what people believe of it. */
export const writeBehindNaive: Description = {
  ...writeBehind,
  name: 'write-behind-naive',
  valueKeys: 'write-behind-naive/kv/',
  summary: 'write-behind as it is mostly written: an array flushed by a timer, acknowledged from memory',
  stores: {
    etcdPrefix: 'write-behind-naive/kv/',
    rows: 'select key, value from naively_queued_values where value is not null',
  },
};
