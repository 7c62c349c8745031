import { Mutex } from 'async-mutex';
import type { Serialisation, SerialisationKind } from './serialisation.ts';

/** Reads run together; a write runs alone. Whoever came first enters first, so neither kind starves the other. */
export const readWriteLock: SerialisationKind = {
  name: 'read-write-lock',
  summary: 'reads together, a write alone, in the order in which they came',
  create: () => new ReadWriteLock(),
};

/**
 * Everybody enters through one mutex: a read passes it, a write keeps it until it has ended.
 *
 *     read  --> entrance --> reading
 *     write --> entrance, kept --> nobody is reading --> writing --> entrance let go
 *
 * Not async-mutex's weighted semaphore, where a write would weigh as much as all reads: each release of that one
 * counts down from its whole value, so a limit that is never reached would cost as much.
 */
class ReadWriteLock implements Serialisation {
  readonly name = 'read-write-lock';
  readonly #entrance = new Mutex();
  #reading = 0;
  #lastReadEnded: (() => void) | undefined;

  async read<T>(work: () => Promise<T>): Promise<T> {
    const letGo = await this.#entrance.acquire();
    this.#reading += 1;
    letGo();
    try {
      return await work();
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) this.#lastReadEnded?.();
    }
  }

  write<T>(work: () => Promise<T>): Promise<T> {
    return this.#entrance.runExclusive(async () => {
      await this.#nobodyReads();
      return work();
    });
  }

  async #nobodyReads(): Promise<void> {
    if (this.#reading === 0) return;
    await new Promise<void>((resolve) => {
      this.#lastReadEnded = resolve;
    });
    this.#lastReadEnded = undefined;
  }
}
