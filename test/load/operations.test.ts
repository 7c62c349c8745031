import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operations } from '../../harness/load/operations.ts';
import {
  checkWorkload,
  type OperationKind,
  operationKinds,
  type Workload,
} from '../../harness/load/workload.ts';

const base: Workload = {
  keys: 100,
  keyDistribution: { kind: 'zipf', theta: 0.99 },
  mix: { 'read:linearizable': 40, 'read:eventual': 20, write: 30, cas: 8, delete: 2 },
  transactions: { lists: 5, accounts: 5 },
  arrivals: 'poisson',
  deadlineMs: 1_000,
  maxInFlight: 64,
};

function take(workload: Workload, seed: number, count: number) {
  const stream = operations(workload, seed);
  return Array.from({ length: count }, () => stream.next().value);
}

describe('the stream', () => {
  test('that writes all keys first has one write to each, and then the stream as it was', () => {
    const first = take({ ...base, writeAllFirst: true }, 42, 1_100);
    const writes = first.slice(0, base.keys);
    expect(new Set(writes.map(({ key }) => key)).size).toBe(base.keys);
    expect(writes.map(({ kind, value }) => [kind, value])).toEqual(
      Array.from({ length: base.keys }, (_, i) => ['write', i + 1]),
    );
    const kindsAndKeys = (stream: typeof first) => stream.map(({ kind, key }) => [kind, key]);
    expect(kindsAndKeys(first.slice(base.keys))).toEqual(kindsAndKeys(take(base, 42, 1_000)));
    const values = first.flatMap(({ value }) => value ?? []);
    expect(new Set(values).size).toBe(values.length);
  });

  test('the same seed gives the same stream, byte for byte', () => {
    expect(JSON.stringify(take(base, 42, 5_000))).toBe(JSON.stringify(take(base, 42, 5_000)));
    expect(JSON.stringify(take(base, 42, 50))).not.toBe(JSON.stringify(take(base, 43, 50)));
  });

  test('it is the stream of earlier versions: a seed in an old report still repeats', () => {
    const digest = createHash('sha256')
      .update(JSON.stringify(take(base, 42, 1_000)))
      .digest('hex');
    expect(digest).toMatchInlineSnapshot(
      `"41ff3b99b0ec9b31d0fc3d14433b96e43b1d5d6bddbc3f42e79303d4778d7700"`,
    );
  });

  test('another mix leaves the keys as they were', () => {
    const reads = { ...base, mix: { 'read:session': 1 } };
    expect(take(reads, 5, 500).map((o) => o.key)).toEqual(take(base, 5, 500).map((o) => o.key));
  });

  test('kinds come by their weights', () => {
    const counts = new Map<OperationKind, number>();
    for (const { kind } of take(base, 1, 50_000)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const [kind, weight] of Object.entries(base.mix)) {
      expect(Math.abs(counts.get(kind as OperationKind)! / 50_000 - weight / 100)).toBeLessThan(0.01);
    }
    expect(counts.has('read:session')).toBe(false);
  });

  test('whatever the workload, written values are unique and nothing else has one', () => {
    const mix = fc.record(
      Object.fromEntries(operationKinds.map((kind) => [kind, fc.nat(5)])) as Record<
        OperationKind,
        fc.Arbitrary<number>
      >,
    );
    fc.assert(
      fc.property(mix, fc.integer({ min: 1, max: 50 }), fc.integer(), (mix, keys, seed) => {
        fc.pre(Object.values(mix).some((weight) => weight > 0));
        const taken = take({ ...base, mix, keys }, seed, 300);
        const written = taken.flatMap((o) => {
          if (o.transaction?.kind === 'append') return o.transaction.appends.map(({ element }) => element);
          return o.kind === 'write' || o.kind === 'cas' ? [o.value] : [];
        });
        expect(new Set(written).size).toBe(written.length);
        expect(written.includes(null)).toBe(false);
        for (const o of taken) {
          expect(mix[o.kind]).toBeGreaterThan(0);
          if (o.kind !== 'write' && o.kind !== 'cas') expect(o.value).toBe(null);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a workload that cannot be offered is refused', () => {
  test.each<[string, object, string]>([
    ['no keys', { keys: 0 }, 'workload: keys should be a whole number from 1 to 10000000, got 0'],
    ['half a key', { keys: 1.5 }, 'got 1.5'],
    [
      'theta below 0',
      { keyDistribution: { kind: 'zipf', theta: -1 } },
      'keyDistribution.theta should be between 0 and 10, got -1',
    ],
    ['theta NaN', { keyDistribution: { kind: 'zipf', theta: Number.NaN } }, 'got NaN'],
    [
      'a share above 1',
      { keyDistribution: { kind: 'hotspot', keyShare: 0.1, accessShare: 1.2 } },
      'accessShare should be between 0 and 1, got 1.2',
    ],
    [
      'an unknown distribution',
      { keyDistribution: { kind: 'latest' } },
      'should be one of uniform, zipf, hotspot, got latest',
    ],
    ['an unknown operation', { mix: { scan: 1 } }, 'should be one of read:linearizable'],
    ['a weight below 0', { mix: { write: -1 } }, "mix['write'] should be a number of 0 or more, got -1"],
    ['no weight', { mix: { write: 0 } }, 'should have an operation with a weight above 0, got {"write":0}'],
    ['an empty mix', { mix: {} }, 'should have an operation'],
    [
      'too few lists',
      { transactions: { lists: 2, accounts: 5 } },
      'transactions.lists should be a whole number from 3 to 1000, got 2',
    ],
    [
      'too many accounts',
      { transactions: { lists: 5, accounts: 51 } },
      'transactions.accounts should be a whole number from 2 to 50, got 51',
    ],
    [
      'transactions over nothing',
      { transactions: undefined, mix: { 'txn:read': 1 } },
      'transactions should say over how many lists and accounts they are',
    ],
    ['unknown arrivals', { arrivals: 'bursts' }, 'arrivals should be one of constant, poisson, got bursts'],
    ['no deadline', { deadlineMs: 0 }, 'deadlineMs should be between 1 and 600000, got 0'],
    ['nothing in flight', { maxInFlight: 0 }, 'maxInFlight should be a whole number from 1 to 10000, got 0'],
  ])('%s', (_, change, message) => {
    const workload = { ...base, ...change } as Workload;
    expect(() => checkWorkload(workload)).toThrow(RangeError);
    expect(() => checkWorkload(workload)).toThrow(message);
  });
  test('a sound one is not', () => {
    expect(() => checkWorkload(base)).not.toThrow();
  });
});
