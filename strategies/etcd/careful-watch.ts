import { type EventEmitter, on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDuplexStream, IKeyValue, IWatchRequest, IWatchResponse } from 'etcd3';
import type { CarefulClient } from './careful-client.ts';
import { prefixRange } from './prefix.ts';
import { absentAt, compared, type WatchedEvent, WatchedKeys } from './watched-keys.ts';

/** A WatchSink is told what is under a prefix: once all of it, then every change in order. */
export interface WatchSink {
  /** All that is there as of a revision, read linearizably. Told once, before anything else. */
  listed(keyValues: readonly IKeyValue[], revision: number): void;
  changed(event: WatchedEvent): void;
  /** Every change up to this revision, and of it, was told. */
  reached(revision: number): void;
}

export interface CarefulWatchOptions {
  /** The first mitigation: also without a reconnection, what was told is compared with a list this often. */
  readonly pollEveryMs?: number;
  /** The second: a jump in a key's `version` is a gap, and what it skipped is read from the key's history. */
  readonly compareVersions?: boolean;
  /** How long the stream has to bring what a list shows, before the list is believed (1,000). */
  readonly settleMs?: number;
  /**
   * Asks the member this often how far it has told everything, so that `reached` moves without changes. Only where
   * the version answers truly (see progressIsTrue); elsewhere nothing is asked.
   */
  readonly progressEveryMs?: number;
}

/** What a CarefulWatch has done so far. */
export interface WatchCounters {
  /** Streams that were opened. */
  streams: number;
  /** Lists that were compared with what had been told. */
  comparisons: number;
  /** Times that the revision to go on from was compacted away. */
  compactions: number;
  /** Changes that a stream should have brought and did not. */
  gapsFound: number;
  /** Events told in their place, each marked `compared`. */
  gapsRepaired: number;
  /** Changes that came again, and were not told again. */
  duplicates: number;
}

/** A list that waits until the stream has come as far, or has had its time. */
interface Comparison {
  readonly revision: number;
  readonly listed: readonly IKeyValue[];
  readonly over: () => void;
  /** A member that lags is left once; what a second one does not bring either is a gap. */
  readonly second: boolean;
}

/**
 * A CarefulWatch tells its sink every change under a prefix exactly once and in order, whatever becomes of its
 * streams. It keeps its own last revision and goes on from the very next (the library's own watcher takes the header
 * of the "created" answer for progress, and silently loses what a cut stream had still to bring). And it compares:
 * at every reconnection it also lists, linearizably, and what the list has and the stream does not bring is told.
 *
 *   told up to 41 --> stream from 42: 42, 43, 44 ...      |  told as they come
 *                 --> list: all that is there as of 43    |  before 44 is told: is 43 what we have?
 *
 * Exactly once and in order means: the events of etcd's log, each told one time, by revision, and those of one
 * transaction in its order. Where the log is gone (it was compacted while no stream lived) or where a member told less
 * than there was, only the newest state of each key can be had: one event for each key that differs, marked
 * `compared`, after which the log goes on from the list's revision. Then order and once hold for each key: never an
 * older state after a newer one, never the same twice, never a key left with a state that is not its newest.
 */
export class CarefulWatch {
  /** Resolves after the first list. */
  readonly ready: Promise<void>;
  readonly counters: Readonly<WatchCounters>;
  readonly #counters: WatchCounters = {
    streams: 0,
    comparisons: 0,
    compactions: 0,
    gapsFound: 0,
    gapsRepaired: 0,
    duplicates: 0,
  };
  readonly #client: CarefulClient;
  readonly #prefix: string;
  readonly #sink: WatchSink;
  readonly #options: CarefulWatchOptions & { readonly settleMs: number };
  readonly #keys = new WatchedKeys();
  readonly #true = new Map<string, boolean>();
  /** Every event up to here, and of it, was told. Null before the first list. */
  #told: number | null = null;
  #comparison: Comparison | null = null;
  #listing = false;
  /** Since when the stream of a comparison has brought nothing. */
  #quietSinceMs = 0;
  #closed = false;
  #member: string | null = null;
  #stream: IDuplexStream<IWatchRequest, IWatchResponse> | null = null;
  #endStream: ((reason: string) => void) | null = null;
  #wake = () => {};

  constructor(
    client: CarefulClient,
    prefix: string,
    sink: WatchSink,
    { settleMs = 1_000, ...options }: CarefulWatchOptions = {},
  ) {
    this.#client = client;
    this.#prefix = prefix;
    this.#sink = sink;
    this.#options = { ...options, settleMs };
    this.counters = this.#counters;
    this.ready = new Promise((resolve) => {
      void this.#follow(resolve);
    });
  }

  /** The member that it listens to; null while it connects. */
  get member(): string | null {
    return this.#member;
  }

  /** Streams after the first. */
  get reconnects(): number {
    return Math.max(0, this.#counters.streams - 1);
  }

  /** Gives up the stream and goes on at another member: for when its member is known to be behind. */
  restart(reason: string): void {
    this.#endStream?.(reason);
  }

  /** Asks how far the stream has come, where the member's version answers truly; false where it does not. */
  askProgress(): boolean {
    if (!this.#stream || !this.#member || !this.#true.get(this.#member)) return false;
    this.#stream.write({ progress_request: {} });
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#endStream?.('closed');
    this.#comparison?.over();
    this.#wake();
  }

  async #follow(ready: () => void): Promise<void> {
    let backoffMs = 20;
    while (!this.#closed) {
      const { streams } = this.#counters;
      try {
        if (this.#told === null) {
          const { listed, revision } = await this.#list();
          if (this.#closed) return;
          for (const kv of listed) this.#keys.take({ type: 'Put', kv, prev_kv: kv });
          this.#told = revision;
          this.#tell(() => {
            this.#sink.listed(listed, revision);
            this.#sink.reached(revision);
          });
          ready();
        }
        await this.#listen();
      } catch {
        // Every cause ends the same way: on from the next revision, at the member that the next call would go to.
      }
      if (this.#closed) return;
      if (this.#counters.streams !== streams) backoffMs = 20;
      await this.#pause(backoffMs);
      backoffMs = Math.min(backoffMs * 2, 500);
    }
  }

  async #list(): Promise<{ listed: readonly IKeyValue[]; revision: number }> {
    const { kvs, header } = await this.#client.range(prefixRange(this.#prefix));
    return { listed: kvs, revision: Number(header.revision) };
  }

  async #listen(): Promise<void> {
    const member = this.#client.choice.current;
    const stream = await this.#client.watchStream(member);
    const ending = new AbortController();
    const timers: NodeJS.Timeout[] = [];
    let over = false;
    // Cancelling ends the stream with an error too, and one that nobody listens to ends the process.
    stream.on('error', () => {
      if (!over) this.#client.choice.failed(member, 'refused');
    });
    const opening = setTimeout(() => {
      this.#client.choice.failed(member, 'silent');
      ending.abort();
    }, 2_000);
    try {
      if (this.#closed) return;
      this.#endStream = (reason) => ending.abort(new Error(reason));
      const first = this.#counters.streams === 0;
      stream.write({
        create_request: { ...prefixRange(this.#prefix), start_revision: String(this.#told! + 1) },
      });
      const emitter = stream as unknown as EventEmitter;
      const responses = on(emitter, 'data', { signal: ending.signal, close: ['end', 'close'] });
      for await (const [response] of responses as AsyncIterable<[IWatchResponse]>) {
        if (this.#closed) return;
        if (response.canceled) {
          if (Number(response.compact_revision) === 0) throw new Error(response.cancel_reason);
          await this.#leap();
          return;
        }
        if (response.created) {
          clearTimeout(opening);
          this.#counters.streams += 1;
          this.#member = member;
          this.#stream = stream;
          timers.push(...this.#attend(member, ending.signal));
          if (!first) void this.#compare('reconnected', ending.signal);
        }
        await this.#hear(response, member);
      }
    } finally {
      over = true;
      clearTimeout(opening);
      for (const timer of timers) clearInterval(timer);
      this.#member = null;
      this.#stream = null;
      this.#endStream = null;
      // Ended first: etcd3 takes a cancelled writable stream for a broken host and closes its other calls.
      stream.end();
      stream.cancel();
    }
  }

  /** What is done from time to time while a stream lives. */
  #attend(member: string, signal: AbortSignal): NodeJS.Timeout[] {
    const { pollEveryMs, progressEveryMs, settleMs } = this.#options;
    const timers = [setInterval(() => this.#runOut(), Math.max(10, settleMs / 4))];
    if (pollEveryMs !== undefined)
      timers.push(setInterval(() => void this.#compare('polled', signal), pollEveryMs));
    if (progressEveryMs !== undefined) {
      void this.#learnVersion(member);
      timers.push(setInterval(() => this.askProgress(), progressEveryMs));
    }
    return timers;
  }

  async #hear(response: IWatchResponse, member: string): Promise<void> {
    this.#quietSinceMs = performance.now();
    for (const event of response.events) {
      const revision = Number(event.kv.mod_revision);
      if (revision <= this.#told! && event === response.events[0]) {
        // A member that was away may tell old changes again (etcd#15271), and may then have skipped others.
        this.#counters.duplicates += response.events.length;
        throw new Error('the watch went back in time');
      }
      // All that is older than this event was told before it.
      if (this.#comparison && revision > this.#comparison.revision) this.#settle(this.#comparison);
      if (this.#options.compareVersions && !this.#keys.follows(event)) await this.#readSkipped(event);
      this.#keys.take(event);
      this.#tell(() => this.#sink.changed(event));
    }
    const last = response.events.at(-1);
    // All events of a revision come in one response, so the next stream may begin after it.
    if (last) this.#reach(Number(last.kv.mod_revision));
    // Only where it is true: elsewhere a progress notice may be ahead of the changes before it (etcd#15220).
    else if (!response.created && this.#true.get(member)) this.#reach(Number(response.header.revision));
  }

  #reach(revision: number): void {
    if (revision > this.#told!) this.#told = revision;
    const comparison = this.#comparison;
    if (comparison && revision >= comparison.revision) this.#settle(comparison);
    this.#tell(() => this.#sink.reached(this.#told!));
  }

  /** Lists, and leaves the list for the stream to come as far. One at a time. */
  async #compare(because: 'reconnected' | 'polled', signal: AbortSignal): Promise<void> {
    if (this.#listing || (because === 'polled' && this.#comparison)) return;
    const second = this.#comparison?.second ?? false;
    this.#comparison?.over();
    this.#comparison = null;
    this.#listing = true;
    const over = this.#keys.comparing();
    try {
      const { listed, revision } = await this.#list();
      // Of another stream's time: the next one compares anew.
      if (signal.aborted) return over();
      this.#counters.comparisons += 1;
      this.#quietSinceMs = performance.now();
      this.#comparison = { listed, revision, over, second };
      if (this.#told! >= revision) this.#settle(this.#comparison);
      else this.askProgress();
    } catch {
      // Without a list there is nothing to compare with; the next reconnection or poll tries again.
      over();
    } finally {
      this.#listing = false;
    }
  }

  /** All up to the list's revision has been told: what still differs no stream will bring. */
  #settle({ listed, revision, over }: Comparison): void {
    const missing = this.#keys.missing(listed, revision);
    this.#comparison = null;
    over();
    this.#repair(missing);
  }

  /** The stream had its time to bring what the list shows. */
  #runOut(): void {
    const comparison = this.#comparison;
    if (!comparison || performance.now() < this.#quietSinceMs + this.#options.settleMs) return;
    if (this.#keys.missing(comparison.listed, comparison.revision).length === 0) {
      this.#comparison = null;
      comparison.over();
    } else if (!comparison.second) {
      this.#comparison = { ...comparison, second: true };
      if (this.#member) this.#client.choice.failed(this.#member, 'refused');
      this.restart(`it did not bring what is there as of revision ${comparison.revision}`);
    } else {
      this.#settle(comparison);
      // What the log held of these changes is not told any more, should it still come.
      this.#told = Math.max(this.#told!, comparison.revision);
      this.#tell(() => this.#sink.reached(this.#told!));
      this.restart(`on from revision ${comparison.revision}, which a list showed`);
    }
  }

  /** The log before some revision is gone: on from a list. */
  async #leap(): Promise<void> {
    const { listed, revision } = await this.#list();
    if (this.#closed) return;
    this.#counters.compactions += 1;
    this.#comparison?.over();
    this.#comparison = null;
    this.#repair(this.#keys.missing(listed, revision));
    this.#told = revision;
    this.#tell(() => this.#sink.reached(revision));
  }

  #repair(missing: readonly WatchedEvent[]): void {
    this.#counters.gapsFound += missing.length;
    for (const event of missing) {
      this.#keys.take(event);
      this.#tell(() => this.#sink.changed(event));
      this.#counters.gapsRepaired += 1;
    }
  }

  /** Reads what came between the last that was told of a key and this event, as far as the history goes back. */
  async #readSkipped({ kv }: WatchedEvent): Promise<void> {
    const known = this.#keys.get(kv.key);
    const skipped: WatchedEvent[] = [];
    let earliest = kv;
    try {
      while (skipped.length < 100) {
        const revision = String(Number(earliest.mod_revision) - 1);
        const found = (await this.#client.range({ key: kv.key, revision })).kvs[0];
        if (!found || Number(found.mod_revision) <= (known?.modified ?? 0)) break;
        skipped.unshift(compared('Put', found));
        earliest = found;
      }
    } catch {
      // Compacted: the event itself is newer than all that cannot be read.
    }
    if (known && Number(earliest.create_revision) > known.created) {
      skipped.unshift(compared('Delete', absentAt(kv.key, Number(earliest.create_revision) - 1)));
    }
    // A gap of which nothing is left to tell is a gap all the same.
    if (skipped.length === 0) this.#counters.gapsFound += 1;
    this.#repair(skipped);
  }

  async #learnVersion(member: string): Promise<void> {
    if (this.#true.has(member)) return;
    const status = await this.#client.status({ member }).catch(() => undefined);
    if (status) this.#true.set(member, progressIsTrue(status.version));
  }

  /** A sink that throws is a mistake of the program, not of the stream. */
  #tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #pause(forMs: number): Promise<void> {
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    return sleep(forMs, undefined, { signal: waking.signal }).catch(() => {});
  }
}

/**
 * Whether a member of this version never answers a progress request with a revision ahead of the changes that it has
 * told (etcd#15220), and always answers (etcd#17566).
 */
export function progressIsTrue(version: string): boolean {
  const [major, minor, patch] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 3 || minor === undefined || patch === undefined) return (major ?? 0) > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor >= 6;
}
