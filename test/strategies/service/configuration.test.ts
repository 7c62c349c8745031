import { expect, test } from 'vitest';
import { serviceConfiguration } from '../../../strategies/service/configuration.ts';
import { defaultQueue, type Strategy } from '../../../strategies/strategy.ts';

const known: readonly Strategy[] = ['write-behind', 'lease-session'].map((name) => ({
  name,
  open: () => Promise.reject(new Error('nothing is opened here')),
}));
const least = {
  FAULTLINE_STRATEGY: 'write-behind',
  FAULTLINE_PORT: '8080',
  FAULTLINE_INSTANCE: 's1',
  FAULTLINE_ETCD: 'm1=127.0.0.1:2001,m2=127.0.0.1:2002',
  FAULTLINE_PRIMARY_URL: 'postgres://127.0.0.1:5432/db',
  FAULTLINE_DATA: 'data',
};

test('what has to be said is enough; all else is as it is by itself', () => {
  const { strategy, port, context } = serviceConfiguration(least, known);
  expect([strategy.name, port]).toEqual(['write-behind', 8_080]);
  expect(context).toMatchObject({
    instance: 's1',
    etcd: [
      { member: 'm1', address: '127.0.0.1:2001' },
      { member: 'm2', address: '127.0.0.1:2002' },
    ],
    timeScale: 1,
    seed: 0,
    queue: defaultQueue,
  });
  expect(context.replicaUrl).toBeUndefined();
  expect(context.watchRecord).toBeUndefined();
});

test('a queue can be told its size, what a full one does, and its batches', () => {
  const queue = {
    FAULTLINE_QUEUE_CAPACITY: '50',
    FAULTLINE_QUEUE_FULL: 'wait',
    FAULTLINE_BATCH_WRITES: '10',
    FAULTLINE_BATCH_AGE_MS: '25',
  };
  expect(serviceConfiguration({ ...least, ...queue }, known).context.queue).toEqual({
    capacity: 50,
    whenFull: 'wait',
    batchWrites: 10,
    batchAgeMs: 25,
  });
});

test.each(Object.keys(least))('%s that is missing is named', (name) => {
  expect(() => serviceConfiguration({ ...least, [name]: undefined }, known)).toThrow(
    new RangeError(`${name} should be set, but is not`),
  );
});

test.each([
  ['FAULTLINE_STRATEGY', 'write-befind', /should be one of write-behind, lease-session, got write-befind/],
  ['FAULTLINE_PORT', '0', /should be a number from 1 to 65535, got 0/],
  ['FAULTLINE_PORT', 'eighty', /should be a number from 1 to 65535, got eighty/],
  ['FAULTLINE_ETCD', 'm1=127.0.0.1', /should read m1=127.0.0.1:2001,m2=127.0.0.1:2002, got m1=127.0.0.1 in/],
  ['FAULTLINE_TIME_SCALE', '0', /should be a number from 0.01 to 100, got 0/],
  ['FAULTLINE_QUEUE_CAPACITY', '0', /should be a number from 1 to 10000000, got 0/],
  ['FAULTLINE_QUEUE_FULL', 'drop', /should be one of refuse, wait, got drop/],
  ['FAULTLINE_BATCH_WRITES', '128', /should be a number from 1 to 127, got 128/],
  ['FAULTLINE_BATCH_AGE_MS', '-1', /should be a number from 0 to 10000, got -1/],
])('%s of %s is refused, and what was expected is said', (name, value, words) => {
  expect(() => serviceConfiguration({ ...least, [name]: value }, known)).toThrow(words);
  expect(() => serviceConfiguration({ ...least, [name]: value }, known)).toThrow(name);
});
