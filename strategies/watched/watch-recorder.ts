import { createWriteStream, type WriteStream } from 'node:fs';
import { type Clock, clockFrom } from '../../harness/clock.ts';
import type { WatchAsked, WatchTold } from '../../harness/history/watch.ts';
import { encodeWatchLine } from '../../harness/history/watch-format.ts';
import type { StrategyContext } from '../strategy.ts';

/** What happened, without the moment: the recorder knows that. */
type Untimed<T> = T extends unknown ? Omit<T, 'atNs'> : never;

/** A WatchRecorder writes down what an instance's watch told, where the harness asked for it; elsewhere nothing. */
export class WatchRecorder {
  readonly #name: string;
  readonly #file: WriteStream | undefined;
  readonly #clock: Clock;

  constructor({ instance, watchRecord }: Pick<StrategyContext, 'instance' | 'watchRecord'>) {
    this.#name = instance;
    this.#clock = clockFrom(watchRecord?.originNs);
    this.#file = watchRecord && createWriteStream(watchRecord.path);
  }

  begin(asked: WatchAsked): void {
    this.#file?.write(encodeWatchLine({ watch: 'watcher', name: this.#name, ...asked }));
  }

  told(told: Untimed<WatchTold>): void {
    const timed = { ...told, atNs: this.#clock.nowNs() } as WatchTold;
    this.#file?.write(encodeWatchLine({ watch: 'told', name: this.#name, ...timed }));
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => (this.#file ? this.#file.end(resolve) : resolve()));
  }
}
