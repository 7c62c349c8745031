import type { Model } from '../model.ts';

/**
 * A lock per key, at first free. An acquire that was granted needs it free; a release needs it held, by the owner that
 * the operations' values name (without values nobody is told from another: a process may end `info` and be another).
 */
export const mutex: Model = {
  name: 'mutex',
  summary: 'acquire and release, by owners where values name them; at first it is free',
  initial: 'free',
  effect({ f, value }) {
    const held = ['held', value ?? null];
    switch (f) {
      case 'acquire':
        return { kind: 'swap', from: 'free', to: held };
      case 'release':
        return { kind: 'swap', from: held, to: 'free' };
      default:
        return undefined;
    }
  },
};
