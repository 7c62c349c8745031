import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrivals } from '../../harness/load/arrivals.ts';
import { seeded } from '../../harness/random.ts';

test('constant arrivals are evenly apart and do not drift', () => {
  const stream = arrivals('constant', 3, seeded(1));
  const times = Array.from({ length: 3_001 }, () => stream.nextNs());
  expect(times.slice(0, 4)).toEqual([0, 333_333_333, 666_666_667, 1_000_000_000]);
  expect(times[3_000]).toBe(1_000_000_000_000);
});

test('poisson arrivals have the rate, and the spread of an exponential', () => {
  const stream = arrivals('poisson', 1_000, seeded(3));
  const times = Array.from({ length: 50_000 }, () => stream.nextNs());
  expect(times.at(-1)! / 1e9).toBeGreaterThan(49);
  expect(times.at(-1)! / 1e9).toBeLessThan(51);
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  // 1 - e^-1 of the gaps are shorter than the mean; evenly spaced ones would give 0 or 1.
  const short = gaps.filter((gap) => gap < 1e6).length / gaps.length;
  expect(short).toBeGreaterThan(0.62);
  expect(short).toBeLessThan(0.645);
});

test('whatever the rate and seed, times never fall and repeat', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('constant' as const, 'poisson' as const),
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      fc.integer(),
      (kind, rate, seed) => {
        const [one, other] = [1, 2].map(() => arrivals(kind, rate, seeded(seed)));
        let last = 0;
        for (let i = 0; i < 50; i++) {
          const next = one!.nextNs();
          expect(next).toBeGreaterThanOrEqual(last);
          expect(other!.nextNs()).toBe(next);
          last = next;
        }
      },
    ),
  );
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a rate of %d is refused', (rate) => {
  expect(() => arrivals('constant', rate, seeded(1))).toThrow(RangeError);
});
