import PQueue from 'p-queue';
import type { SerialisationKind } from './serialisation.ts';

/** Work is sent to a queue with a single worker, as goroutines do with a channel. */
export const channel: SerialisationKind = {
  name: 'channel',
  summary: 'a queue with a single worker does everything, reads too',
  create() {
    const queue = new PQueue({ concurrency: 1 });
    const sent = <T>(work: () => Promise<T>) => queue.add(work);
    return { name: 'channel', read: sent, write: sent };
  },
};
