import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wilson } from '../../harness/measure/proportion.ts';

// The first three are Newcombe's examples (Statistics in Medicine 17, 1998, table I, method 3).
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [5, 5, 0.5655, 1],
  [0, 0, 0, 1],
])('%i of %i', (hits, of, from, to) => {
  const interval = wilson(hits, of);
  expect(interval.from).toBeCloseTo(from, 4);
  expect(interval.to).toBeCloseTo(to, 4);
});

test('holds the share that was seen, and the other way round says the other way round', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), (hits, misses) => {
      const of = hits + misses;
      const { from, to } = wilson(hits, of);
      if (of > 0) expect(from <= hits / of && hits / of <= to).toBe(true);
      expect(from >= 0 && to <= 1).toBe(true);
      const other = wilson(misses, of);
      expect(other.from).toBeCloseTo(1 - to, 9);
      expect(other.to).toBeCloseTo(1 - from, 9);
    }),
  );
});

test('more hits than tries are no share', () => {
  expect(() => wilson(3, 2)).toThrow('hits should be from 0 to 2, got 3');
});
