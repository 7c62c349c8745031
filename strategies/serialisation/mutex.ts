import { Mutex } from 'async-mutex';
import type { SerialisationKind } from './serialisation.ts';

/** One at a time, reads too, in the order in which they came. */
export const mutex: SerialisationKind = {
  name: 'mutex',
  summary: 'one at a time, reads too',
  create() {
    const lock = new Mutex();
    const alone = <T>(work: () => Promise<T>) => lock.runExclusive(work);
    return { name: 'mutex', read: alone, write: alone };
  },
};
