import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import {
  isAskedFor,
  type WatchAsked,
  type WatcherHistory,
  type WatchLog,
  type WatchTold,
} from '../history/watch.ts';
import type { WatchKind } from './kinds.ts';
import { WatchConnection } from './watch-connection.ts';

export interface ResumingWatchersOptions {
  readonly member: string;
  /** 'host:port', through whatever link is to be cut. */
  readonly address: string;
  readonly clock: Clock;
  readonly kinds: readonly WatchKind[];
  readonly progressEveryMs?: number;
  /** A slow reader: of each period it takes nothing off the connection for as long. */
  readonly slow?: { readonly everyMs: number; readonly forMs: number };
  /** Each stream is closed after so long, until `settle` waits. */
  readonly reconnectEveryMs?: number;
}

/**
 * ResumingWatchers are watchers of several kinds on one stream to one member. When the stream ends each is taken up
 * again on a new one, as etcd says that it can be: from the revision after the last that it was told, or what is anew from
 * where it began. Each such part
 * is a watcher of its own in the history ('past@m1', 'past@m1 2', ...), since each is promised all nine guarantees.
 */
export class ResumingWatchers {
  readonly #options: ResumingWatchersOptions;
  readonly #ended: WatcherHistory[] = [];
  readonly #parts = new Map<string, number>();
  /** The kind that a part belongs to, by the part's name. */
  readonly #kindOf = new Map<string, WatchKind>();
  readonly #following: Promise<void>;
  #connection: WatchConnection | undefined;
  #stopped = false;
  #settling = false;

  constructor(options: ResumingWatchersOptions) {
    this.#options = options;
    this.#following = this.#follow();
  }

  /** Streams that were opened. */
  streams = 0;

  /**
   * Waits until every kind was told all of the log that it asked for, and says in the histories how far was waited. Those
   * that were not told in time are recorded as waited for all the same.
   */
  async settle(log: WatchLog, timeoutMs: number): Promise<readonly WatcherHistory[]> {
    this.#settling = true;
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      const open = this.#connection?.closed === false ? this.#live() : [];
      if (open.length === this.#options.kinds.length && open.every((one) => begun(one) && toldAll(one, log)))
        break;
      await sleep(20);
    }
    const live = new Set(this.#live());
    return [...this.#ended, ...(this.#connection?.histories ?? [])].map((one) => ({
      ...one,
      atMember: this.#options.member,
      ...(live.has(one) && begun(one) && { settledTo: log.toRevision }),
    }));
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#connection?.close();
    await this.#following;
  }

  /** Of each kind the part that is being told now. */
  #live(): WatcherHistory[] {
    const newestOfKind = new Map<WatchKind, WatcherHistory>();
    for (const one of this.#connection?.histories ?? []) newestOfKind.set(this.#kindOf.get(one.name)!, one);
    return [...newestOfKind.values()].filter(({ told }) => told.at(-1)?.kind !== 'canceled');
  }

  async #follow(): Promise<void> {
    const { kinds, address, clock, progressEveryMs, slow, reconnectEveryMs } = this.#options;
    const position = new Map(kinds.map((kind) => [kind, kind.asked]));
    while (!this.#stopped) {
      try {
        this.#connection = await WatchConnection.open({
          address,
          clock,
          timeoutMs: 2_000,
          onTold: (name, told) => this.#resumeAfterCompaction(name, told),
        });
      } catch {
        await sleep(50);
        continue;
      }
      const connection = this.#connection;
      // Closed while it was being opened.
      if (this.#stopped) connection.close();
      this.streams += 1;
      for (const kind of kinds) this.#watch(connection, kind, position.get(kind)!);
      const timers = [
        ...(progressEveryMs ? [setInterval(() => connection.requestProgress(), progressEveryMs)] : []),
        ...(slow ? [setInterval(() => hesitate(connection, slow.forMs), slow.everyMs)] : []),
        ...(reconnectEveryMs ? [setInterval(() => this.#reconnect(connection), reconnectEveryMs)] : []),
      ];
      await connection.ended;
      for (const timer of timers) clearInterval(timer);
      connection.close();
      for (const history of connection.histories) {
        const kind = this.#kindOf.get(history.name)!;
        position.set(kind, kind.anew ? kind.asked : next(history));
        this.#ended.push(history);
      }
      this.#connection = undefined;
      await sleep(20);
    }
  }

  #reconnect(connection: WatchConnection): void {
    if (!this.#settling) connection.close();
  }

  #watch(connection: WatchConnection, kind: WatchKind, asked: WatchAsked): void {
    const part = (this.#parts.get(kind.name) ?? 0) + 1;
    this.#parts.set(kind.name, part);
    const name = `${kind.name}@${this.#options.member}${part > 1 ? ` ${part}` : ''}`;
    this.#kindOf.set(name, kind);
    connection.watch(name, asked);
  }

  #resumeAfterCompaction(name: string, told: WatchTold): void {
    if (told.kind !== 'canceled' || told.compactRevision === 0 || !this.#connection) return;
    const kind = this.#kindOf.get(name)!;
    this.#watch(this.#connection, kind, { ...kind.asked, startRevision: told.compactRevision });
  }
}

function hesitate(connection: WatchConnection, forMs: number): void {
  connection.pause();
  setTimeout(() => connection.resume(), forMs);
}

function begun({ told }: WatcherHistory): boolean {
  return told[0]?.kind === 'created';
}

/** Nothing was left to tell where the last that it asked for comes before where it began. */
function toldAll({ asked, told }: WatcherHistory, { events }: WatchLog): boolean {
  const [first] = told;
  const from = asked.startRevision ?? (first?.kind === 'created' ? first.revision + 1 : 0);
  const last = events.findLast((event) => isAskedFor(event, asked))?.revision ?? 0;
  return last < from || newest(told) >= last;
}

function newest(told: readonly WatchTold[]): number {
  const last = told.findLast(({ kind }) => kind === 'events');
  return last?.kind === 'events' ? last.events.at(-1)!.revision : 0;
}

/** What the next part asks for, so that it goes on right after this one. */
function next({ asked, told }: WatcherHistory): WatchAsked {
  const last = newest(told);
  if (last > 0) return { ...asked, startRevision: last + 1 };
  const [first] = told;
  if (asked.startRevision !== undefined || first?.kind !== 'created') return asked;
  return { ...asked, startRevision: first.revision + 1 };
}
