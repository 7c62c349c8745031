import { setTimeout as sleep } from 'node:timers/promises';
import type { IEvent, IKeyValue, IWatchResponse } from 'etcd3';
import type { CarefulClient } from './careful-client.ts';
import { prefixRange } from './prefix.ts';

/** A WatchSink is told what is under a prefix: first all of it, then every change in order. */
export interface WatchSink {
  /** All that is there as of a revision, read linearizably. Told at every (re)connection: what is missing is deleted. */
  listed(keyValues: readonly IKeyValue[], revision: number): void;
  changed(event: IEvent): void;
  /** Every change up to this revision, and of it, was told. */
  reached(revision: number): void;
}

/**
 * A CarefulWatch keeps its own last revision. At every (re)connection it lists linearizably and watches from the
 * very next revision, so neither a lost stream nor a compaction can hide a change; the library's own watcher
 * takes the header of the "created" answer for progress and silently loses what a cut stream had still to bring.
 */
export class CarefulWatch {
  /** Resolves after the first list. */
  readonly ready: Promise<void>;
  reconnects = -1;
  readonly #client: CarefulClient;
  readonly #prefix: string;
  readonly #sink: WatchSink;
  #closed = false;
  #member: string | null = null;
  #endStream: ((reason: string) => void) | null = null;

  constructor(client: CarefulClient, prefix: string, sink: WatchSink) {
    this.#client = client;
    this.#prefix = prefix;
    this.#sink = sink;
    this.ready = new Promise((resolve) => {
      void this.#follow(resolve);
    });
  }

  /** The member that it listens to; null while it connects. */
  get member(): string | null {
    return this.#member;
  }

  /** Gives up the stream and lists anew at another member: for when its member is known to be behind. */
  restart(reason: string): void {
    this.#endStream?.(reason);
  }

  close(): void {
    this.#closed = true;
    this.#endStream?.('closed');
  }

  async #follow(ready: () => void): Promise<void> {
    let backoffMs = 20;
    while (!this.#closed) {
      try {
        this.reconnects += 1;
        const revision = await this.#list();
        ready();
        backoffMs = 20;
        await this.#listen(revision);
      } catch {
        // Every cause ends the same way: list again, at the member that the next call would go to.
      }
      if (this.#closed) return;
      await sleep(backoffMs);
      backoffMs = Math.min(backoffMs * 2, 500);
    }
  }

  async #list(): Promise<number> {
    const listed = await this.#client.range(prefixRange(this.#prefix));
    const revision = Number(listed.header.revision);
    this.#sink.listed(listed.kvs, revision);
    return revision;
  }

  async #listen(listedRevision: number): Promise<void> {
    const member = this.#client.choice.current;
    const stream = await this.#client.watchStream(member);
    this.#member = member;
    let lastRevision = listedRevision;
    let over = false;
    // Cancelling ends the stream with an error too, and one that nobody listens to ends the process.
    stream.on('error', () => {
      if (!over) this.#client.choice.failed(member, 'refused');
    });
    try {
      await new Promise<void>((resolve, reject) => {
        const opening = setTimeout(() => {
          this.#client.choice.failed(member, 'silent');
          reject(new Error(`${member} did not open the watch`));
        }, 2_000);
        this.#endStream = (reason) => {
          clearTimeout(opening);
          reject(new Error(reason));
        };
        stream.on('data', (response: IWatchResponse) => {
          clearTimeout(opening);
          if (response.canceled) return reject(new Error(response.cancel_reason));
          for (const event of response.events) {
            const revision = Number(event.kv.mod_revision);
            // A member that was away may tell old changes again (etcd#15271).
            if (revision < lastRevision) return reject(new Error('the watch went back in time'));
            if (revision === lastRevision && revision === listedRevision) continue;
            lastRevision = revision;
            this.#sink.changed(event);
          }
          // Not the header's revision: a progress notice may be ahead of the changes before it (etcd#15220).
          if (response.events.length > 0) this.#sink.reached(lastRevision);
        });
        stream.on('error', (error: Error) => {
          clearTimeout(opening);
          reject(error);
        });
        stream.on('end', () => {
          clearTimeout(opening);
          resolve();
        });
        stream.write({
          create_request: { ...prefixRange(this.#prefix), start_revision: String(listedRevision + 1) },
        });
      });
    } finally {
      over = true;
      this.#member = null;
      this.#endStream = null;
      // Ended first: etcd3 takes a cancelled writable stream for a broken host and closes its other calls.
      stream.end();
      stream.cancel();
    }
  }
}
