import { impossible, type Model } from '../model.ts';
import { comparable } from '../values.ts';

/** A first-in-first-out queue per key, at first empty. A dequeue answers the oldest value, or null when there is none. */
export const queue: Model = {
  name: 'queue',
  summary: 'enqueue, and dequeue of the oldest, or of nothing; at first it is empty',
  initial: [],
  effect({ f, value, outcome }) {
    switch (f) {
      case 'enqueue':
        return {
          kind: 'change',
          name: `in ${typeof value} ${String(comparable(value))}`,
          apply: (values: readonly unknown[]) => [...values, value],
        };
      case 'dequeue': {
        // Nobody knows what it took, only that it would have been the oldest.
        if (outcome === 'info') {
          return { kind: 'change', name: 'out', apply: (values: readonly unknown[]) => values.slice(1) };
        }
        const oldest = comparable(value ?? null);
        return {
          kind: 'change',
          name: `out ${typeof oldest} ${String(oldest)}`,
          apply(values: readonly unknown[]) {
            if (values.length === 0) return oldest === null ? values : impossible;
            return comparable(values[0]) === oldest ? values.slice(1) : impossible;
          },
        };
      }
      default:
        return undefined;
    }
  },
};
