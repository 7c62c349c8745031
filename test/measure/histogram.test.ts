import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram, quantile } from '../../harness/measure/histogram.ts';

function quantilesOf(values: readonly number[]) {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram.quantiles();
}

test('nothing recorded has no quantiles', () => {
  expect(quantilesOf([])).toBeNull();
});

test('the quantiles of 1 to 1000 ms', () => {
  const { count, mean, p50, p90, p99, max } = quantilesOf(Array.from({ length: 1_000 }, (_, i) => i + 1))!;
  expect({ count, mean, max }).toEqual({ count: 1_000, mean: 500.5, max: 1_000 });
  for (const [got, exact] of [
    [p50, 500],
    [p90, 900],
    [p99, 990],
  ] as const)
    expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact / 500);
});

test('a clock that went back a little counts as no time', () => {
  expect(quantilesOf([-0.01])).toMatchObject({ count: 1, mean: 0, max: 0 });
});

test('an hour is no longer than it is', () => {
  expect(quantilesOf([3_600_000])).toMatchObject({ p50: 3_600_000, max: 3_600_000 });
});

test('whatever was recorded: ordered, counted, and within a thousandth of the exact quantile', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1 }), (values) => {
      const { count, mean, p50, p90, p99, max } = quantilesOf(values)!;
      expect(count).toBe(values.length);
      expect(p50 <= p90 && p90 <= p99 && p99 <= max).toBe(true);
      expect(mean <= max + 1e-9).toBe(true);
      expect(max).toBe(Math.max(...values));
      const sorted = Float64Array.from(values).sort();
      for (const [got, share] of [
        [p50, 0.5],
        [p90, 0.9],
        [p99, 0.99],
      ] as const) {
        const exact = quantile(sorted, share)!;
        expect(Math.abs(got - exact)).toBeLessThanOrEqual(0.002 + exact / 1_000);
      }
    }),
  );
});

test.each([
  [[], 0.5, null],
  [[7], 0.99, 7],
  [[1, 2], 0.5, 1],
  [[1, 2, 3], 0.5, 2],
  [[1, 2, 3], 0, 1],
  [[1, 2, 3], 1, 3],
])('quantile(%j, %d) is %s', (sorted, share, expected) => {
  expect(quantile(sorted, share)).toBe(expected);
});
