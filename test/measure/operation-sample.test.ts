import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../harness/history/operation.ts';
import { LatencyHistogram } from '../../harness/measure/histogram.ts';
import { OperationSampler } from '../../harness/measure/operation-sample.ts';
import { seeded } from '../../harness/random.ts';

const loadMs = 60_000;

function sampled(operations: Iterable<readonly [Outcome, number, number]>) {
  const sampler = new OperationSampler();
  for (const [outcome, atMs, ms] of operations) sampler.add(outcome, atMs, ms);
  return sampler.sample({ loadMs });
}

test('of few operations every one is there, in the order of time', () => {
  expect(
    sampled([
      ['ok', 30, 1.2345],
      ['info', 10, 1_000],
      ['fail', 20, 0.5],
    ]),
  ).toEqual({
    of: { ok: 1, fail: 1, info: 1 },
    shown: { ok: 1, fail: 1, info: 1 },
    atMs: [10, 20, 30],
    ms: [1_000, 0.5, 1.23],
    outcomes: 'ifo',
  });
});

test('of a million every failure is there, the slowest and the fastest, and no more than a page can carry', () => {
  const random = seeded(7);
  const outcomes: Outcome[] = ['fail', 'info'];
  const operations = Array.from({ length: 1_000_000 }, (_, i) => {
    const outcome: Outcome = i % 997 === 0 ? outcomes[i % 2]! : 'ok';
    return [outcome, (i / 1_000_000) * loadMs, 1 + random.number() ** 8 * 400] as const;
  });
  operations[500_000] = ['ok', 30_000, 4_321];
  operations[600_000] = ['ok', 36_000, 0.05];
  const sample = sampled(operations);
  expect(sample.of.ok + sample.of.fail + sample.of.info).toBe(1_000_000);
  expect([sample.shown.fail, sample.shown.info]).toEqual([sample.of.fail, sample.of.info]);
  expect(sample.ms).toContain(4_320);
  expect(sample.ms).toContain(0.05);
  expect(sample.atMs.length).toBeLessThan(40_000);
  expect(JSON.stringify(sample).length).toBeLessThan(1_000_000);
});

test('a service that fails everything is thinned too, and the counts say so', () => {
  const all = Array.from({ length: 100_000 }, (_, i) => ['fail', (i / 100_000) * loadMs, 5] as const);
  const sample = sampled(all);
  expect(sample.of.fail).toBe(100_000);
  expect(sample.shown.fail).toBeLessThan(5_000);
  expect(sample.shown.fail).toBe(sample.atMs.length);
});

test('a percentile curve rises to the largest, as far as the count can tell', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { maxLength: 300 }), (values) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.record(value);
      const curve = histogram.curve();
      expect(curve.at(-1)).toEqual(values.length === 0 ? undefined : [100, Math.max(...values)]);
      for (const [i, [percentile, ms]] of curve.entries()) {
        if (i === 0) continue;
        expect(percentile).toBeGreaterThan(curve[i - 1]![0]);
        expect(ms).toBeGreaterThanOrEqual(curve[i - 1]![1] * 0.999);
      }
    }),
  );
});
