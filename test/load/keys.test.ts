import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeKeys, keyChooser, topShare, zipfShares } from '../../harness/load/keys.ts';
import type { KeyDistribution } from '../../harness/load/workload.ts';
import { seeded } from '../../harness/random.ts';

const distributions: fc.Arbitrary<KeyDistribution> = fc.oneof(
  fc.constant({ kind: 'uniform' as const }),
  fc.record({ kind: fc.constant('zipf' as const), theta: fc.double({ min: 0, max: 4, noNaN: true }) }),
  fc.record({
    kind: fc.constant('hotspot' as const),
    keyShare: fc.double({ min: 0, max: 1, noNaN: true }),
    accessShare: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

/** How often each key came, the most frequent first, as shares. */
function observedShares(distribution: KeyDistribution, keys: number, draws: number, seed = 7): number[] {
  const chooser = keyChooser(distribution, keys, seeded(seed));
  const counts = new Array<number>(keys).fill(0);
  for (let i = 0; i < draws; i++) counts[chooser.next()]! += 1;
  return counts.map((count) => count / draws).sort((a, b) => b - a);
}

describe('zipf', () => {
  // The figures that the literature gives, computed apart from this code: 1 / H(n, theta).
  test.each([
    [1_000, 0.99, 0.1294],
    [100, 0.99, 0.1889],
    [10, 1, 0.3414],
    [10, 0, 0.1],
    [1, 0.99, 1],
  ])('%d keys, theta %d: the top key gets %d', (keys, theta, expected) => {
    expect(zipfShares(keys, theta)[0]).toBeCloseTo(expected, 3);
    expect(topShare({ kind: 'zipf', theta }, keys)).toBeCloseTo(expected, 3);
  });

  test('the draws follow the formula, rank after rank', () => {
    const observed = observedShares({ kind: 'zipf', theta: 0.99 }, 1_000, 200_000);
    const expected = zipfShares(1_000, 0.99);
    // Three standard deviations of a share p in n draws: 3 * sqrt(p / n), at most 0.0025 here.
    for (const rank of [0, 1, 2, 5, 10])
      expect(Math.abs(observed[rank]! - expected[rank]!)).toBeLessThan(0.003);
  });

  test('which key is hot depends on the seed', () => {
    const hottest = (seed: number) => {
      const chooser = keyChooser({ kind: 'zipf', theta: 2 }, 1_000, seeded(seed));
      const counts = new Map<number, number>();
      for (let i = 0; i < 200; i++) {
        const key = chooser.next();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
    };
    expect(new Set([1, 2, 3, 4, 5].map(hottest)).size).toBeGreaterThan(3);
  });
});

test('a hotspot gets its share of the accesses', () => {
  const observed = observedShares({ kind: 'hotspot', keyShare: 0.1, accessShare: 0.8 }, 100, 100_000);
  const hot = observed.slice(0, 10).reduce((a, b) => a + b);
  expect(hot).toBeGreaterThan(0.79);
  expect(hot).toBeLessThan(0.82);
  expect(topShare({ kind: 'hotspot', keyShare: 0.1, accessShare: 0.8 }, 100)).toBeCloseTo(0.08);
});

test('whatever the distribution, keys are in range and a seed repeats them', () => {
  fc.assert(
    fc.property(distributions, fc.integer({ min: 1, max: 300 }), fc.integer(), (distribution, keys, seed) => {
      const [one, other] = [1, 2].map(() => keyChooser(distribution, keys, seeded(seed)));
      for (let i = 0; i < 50; i++) {
        const key = one!.next();
        expect(Number.isInteger(key) && key >= 0 && key < keys).toBe(true);
        expect(other!.next()).toBe(key);
      }
    }),
    { numRuns: 100 },
  );
});

test('a distribution is told with its top share', () => {
  expect(describeKeys({ kind: 'zipf', theta: 0.99 }, 1_000)).toBe(
    'zipf theta 0.99 over 1000 keys, the top key gets 12.9 %',
  );
  expect(describeKeys({ kind: 'uniform' }, 200)).toBe('uniform over 200 keys, the top key gets 0.500 %');
});
