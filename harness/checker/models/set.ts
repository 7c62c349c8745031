import type { Model } from '../model.ts';
import { comparable } from '../values.ts';

/** A set per key that only grows, at first empty. A read answers all of its elements, in any order. */
export const set: Model = {
  name: 'set',
  summary: 'add an element, read them all; at first it is empty',
  initial: [],
  effect({ f, value }) {
    switch (f) {
      case 'read': {
        // No such key: nothing was added yet.
        const read = value ?? [];
        return Array.isArray(read) ? { kind: 'expect', value: sorted(read) } : undefined;
      }
      case 'add':
        return {
          kind: 'change',
          name: order(value),
          apply: (elements: readonly unknown[]) => sorted([...elements, value]),
        };
      default:
        return undefined;
    }
  },
  mayBecome(elements, others) {
    const theirs = new Set((others as readonly unknown[]).map(comparable));
    return (elements as readonly unknown[]).every((element) => theirs.has(comparable(element)));
  },
};

/** Sets of the same elements look the same. */
function sorted(elements: readonly unknown[]): readonly unknown[] {
  const byOrder = new Map(elements.map((element) => [order(element), element]));
  return [...byOrder].sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0)).map(([, element]) => element);
}

/** 1 and "1" are different elements. */
function order(element: unknown): string {
  return `${typeof element} ${String(comparable(element))}`;
}
