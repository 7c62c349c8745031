import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fewest } from '../../harness/shrink/fewest.ts';

const ten = Array.from({ length: 10 }, (_, i) => i);

function needing(needed: readonly number[]) {
  const asked: string[] = [];
  return {
    asked,
    passes: async (items: readonly number[]) => {
      asked.push(items.join());
      return needed.every((one) => items.includes(one));
    },
  };
}

test('whatever is needed is what remains, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(ten), async (needed) => {
      expect(await fewest(ten, needing(needed).passes)).toEqual(needed);
    }),
  );
});

test('two of ten are found within 20 tries, wherever they are', async () => {
  for (const a of ten) {
    for (const b of ten.slice(a + 1)) {
      const { asked, passes } = needing([a, b]);
      expect(await fewest(ten, passes)).toEqual([a, b]);
      expect(new Set(asked).size, `${a} and ${b}`).toBeLessThanOrEqual(20);
    }
  }
});

test('of what remains none can be left out, also where one stands in for another', async () => {
  const alternatives = fc.array(fc.subarray(ten, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(alternatives, async (enough) => {
      const passes = async (items: readonly number[]) =>
        enough.some((needed) => needed.every((one) => items.includes(one)));
      const rest = await fewest(ten, async (items) => items.length === 10 || passes(items));
      expect(await passes(rest)).toBe(true);
      for (const one of rest) expect(await passes(rest.filter((other) => other !== one))).toBe(false);
    }),
  );
});

test('nothing is asked of nothing', async () => {
  const { asked, passes } = needing([1]);
  expect(await fewest([], passes)).toEqual([]);
  expect(asked).toEqual([]);
});
