import type { Model } from '../model.ts';

/** A number per key, at first 0. `add` adds a whole number (1 when it names none), which may be negative. */
export const counter: Model = {
  name: 'counter',
  summary: 'add a number, read the sum; at first it is 0',
  initial: 0,
  effect({ f, value }) {
    switch (f) {
      case 'read':
        return { kind: 'expect', value: value ?? 0 };
      case 'add': {
        const by = value ?? 1;
        return typeof by === 'number'
          ? { kind: 'change', name: String(by), apply: (sum: number) => sum + by }
          : undefined;
      }
      default:
        return undefined;
    }
  },
};
