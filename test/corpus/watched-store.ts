import { clockFrom } from '../../harness/clock.ts';
import type {
  LogEvent,
  WatchAsked,
  WatcherHistory,
  WatchHistory,
  WatchLog,
} from '../../harness/history/watch.ts';
import { WatchConnection } from '../../harness/watch/watch-connection.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';

/** A WatchedStore is an etcd of which every change is known, because nobody else makes any: the true log beside a watch. */
export class WatchedStore {
  readonly #address: string;
  readonly #client: CarefulClient;
  readonly #clock = clockFrom();
  readonly #log: LogEvent[] = [];
  readonly #compactions: number[] = [];

  constructor(address: string) {
    this.#address = address;
    this.#client = new CarefulClient({ etcd: [{ member: 'm1', address }], deadlineMs: 5_000 });
  }

  /** The revision that it got. */
  put(key: string, value: string): Promise<number> {
    const request = { request_put: { key: Buffer.from(key), value: Buffer.from(value) } };
    return this.#change(request, { key, kind: 'put', value });
  }

  /** The key should be there. */
  delete(key: string): Promise<number> {
    return this.#change({ request_delete_range: { key: Buffer.from(key) } }, { key, kind: 'delete' });
  }

  async compact(revision: number): Promise<void> {
    const answer = await fetch(`http://${this.#address}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: String(revision), physical: true }),
      signal: AbortSignal.timeout(5_000),
    });
    if (!answer.ok)
      throw new Error(`compaction at ${revision} answered ${answer.status}: ${await answer.text()}`);
    this.#compactions.push(revision);
  }

  /**
   * One watcher, which is asked for its progress when `askProgress` says so of what it was told, until `isOver` does.
   * Rejects when that takes longer than 20 s from the end of `meanwhile`.
   */
  async watched(
    asked: WatchAsked,
    { at = this.#address, meanwhile, askProgress = () => false, isOver }: WatchedOptions,
  ): Promise<WatchHistory> {
    let progressAsked = false;
    let timer: NodeJS.Timeout | undefined;
    let end = () => {};
    let fail = (_: Error) => {};
    const over = new Promise<void>((resolve, reject) => {
      [end, fail] = [resolve, reject];
    });
    const connection = await WatchConnection.open({
      address: at,
      clock: this.#clock,
      onTold: () => {
        const { told } = connection.histories[0]!;
        if (!progressAsked && askProgress(told)) {
          progressAsked = true;
          connection.requestProgress();
        }
        if (isOver(told)) end();
      },
    });
    try {
      connection.watch('watcher', asked);
      await meanwhile?.(() => connection.histories[0]!.told);
      timer = setTimeout(() => fail(new Error('the watch was not told all within 20 s')), 20_000);
      if (isOver(connection.histories[0]!.told)) end();
      await over;
      const log = this.log();
      return { log, watchers: [{ ...connection.histories[0]!, settledTo: log.toRevision }] };
    } finally {
      clearTimeout(timer);
      connection.close();
    }
  }

  /** The true log of all that was changed so far. */
  log(): WatchLog {
    const events = [...this.#log].sort((one, other) => one.revision - other.revision);
    return {
      fromRevision: events[0]!.revision,
      toRevision: events.at(-1)!.revision,
      allKeys: true,
      events,
      compactions: this.#compactions,
    };
  }

  close(): void {
    this.#client.close();
  }

  async #change(
    request: object,
    event: { key: string; kind: 'put' | 'delete'; value?: string },
  ): Promise<number> {
    const { header } = await this.#client.txn({ success: [request] });
    const revision = Number(header.revision);
    this.#log.push({ revision, ...event });
    return revision;
  }
}

export interface WatchedOptions {
  /** The member that it listens to, where that is not the one that is written to: 'host:port'. */
  readonly at?: string;
  /** What is done once it is asked for. */
  meanwhile?(told: () => Told): Promise<void>;
  askProgress?(told: Told): boolean;
  isOver(told: Told): boolean;
}

export type Told = WatcherHistory['told'];

export function eventsIn(told: Told) {
  return told.flatMap((one) => (one.kind === 'events' ? one.events : []));
}
