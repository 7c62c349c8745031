import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { optimum } from '../../../strategies/cache/belady.ts';
import { traceOf } from '../../../strategies/cache/trace.ts';

/** The most hits that any cache of this size can have, by trying every choice. */
function bestHits(keys: readonly string[], size: number, at = 0, held: readonly string[] = []): number {
  if (at === keys.length) return 0;
  const key = keys[at]!;
  if (held.includes(key)) return 1 + bestHits(keys, size, at + 1, held);
  if (held.length < size) return bestHits(keys, size, at + 1, [...held, key]);
  return Math.max(
    ...held.map((evicted) =>
      bestHits(keys, size, at + 1, [...held.filter((other) => other !== evicted), key]),
    ),
  );
}

describe('optimum', () => {
  const tables: [string, string, number, { hits: number; loads: number; evictions: number }][] = [
    ['nothing', '', 1, { hits: 0, loads: 0, evictions: 0 }],
    ['one key', 'aaaa', 1, { hits: 3, loads: 1, evictions: 0 }],
    ['a loop that does not fit: LRU would have none', 'abcabcabc', 2, { hits: 3, loads: 6, evictions: 4 }],
    ['what is never used again goes first', 'abcab', 2, { hits: 1, loads: 4, evictions: 2 }],
    ['no bypass: what is loaded takes a place', 'abca', 1, { hits: 0, loads: 4, evictions: 3 }],
    [
      'the example of the textbooks: 9 faults',
      '70120304230321201701',
      3,
      { hits: 11, loads: 9, evictions: 6 },
    ],
  ];
  test.each(tables)('%s: %s', (_name, keys, size, count) => {
    expect(optimum(traceOf(keys), size)).toEqual(count);
  });

  test('has as many hits as the best of all choices', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'abcde'), { maxLength: 11 }),
        fc.integer({ min: 1, max: 4 }),
        (keys, size) => {
          const { hits, loads, evictions } = optimum(traceOf(keys), size);
          expect(hits).toBe(bestHits(keys, size));
          expect(hits + loads).toBe(keys.length);
          expect(evictions).toBe(Math.max(0, loads - size));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a larger cache never has fewer hits, and one for all keys misses each once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 400 }), (keys) => {
        const trace = traceOf(keys);
        const hits = [1, 2, 3, 5, 8, 13, 41].map((size) => optimum(trace, size).hits);
        expect(hits).toEqual(hits.toSorted((a, b) => a - b));
        expect(hits.at(-1)).toBe(keys.length - trace.keys.length);
      }),
    );
  });

  test('refuses a size out of its range', () => {
    expect(() => optimum(traceOf('a'), 0)).toThrow(RangeError);
  });
});
