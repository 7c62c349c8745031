import {
  isAskedFor,
  type LogEvent,
  type ToldEvent,
  type WatchAsked,
  type WatcherHistory,
  type WatchTold,
} from '../../history/watch.ts';
import type { EventLog } from './event-log.ts';

/** A PlacedEvent is what was told with its place in the true log. */
export interface PlacedEvent {
  readonly event: ToldEvent;
  /** Null: the log, which knows that revision, has no such event. Undefined: the log does not know that revision. */
  readonly index: number | null | undefined;
  /** Told to this watcher before. */
  readonly again: boolean;
}

export interface PlacedResponse {
  readonly told: WatchTold;
  /** Counts the lists of events; the fragments of one list are one. */
  readonly list: number;
  readonly events: readonly PlacedEvent[];
}

/**
 * A Delivery is how far one watcher has come: which events of the log it was told, and which it should have been. All
 * nine guarantees look at it, so that each event is placed once.
 */
export class Delivery {
  readonly name: string;
  readonly asked: WatchAsked;
  readonly log: EventLog;
  /** The first revision that it should be told of; undefined while that is not known. */
  start: number | undefined;
  /** The lowest and highest revision told so far. */
  lowest = Number.POSITIVE_INFINITY;
  highest = 0;
  /** Everything up to here should have been told by now. */
  coveredTo = 0;
  endedAtNs = 0;
  readonly #told: Uint8Array;
  /** Events that the log does not have, by revision and key. */
  readonly #strange = new Set<string>();
  #list = 0;
  #fragment = false;
  readonly #settledTo: number | undefined;
  #canceled = false;

  constructor(log: EventLog, watcher: WatcherHistory) {
    this.log = log;
    this.name = watcher.name;
    this.asked = watcher.asked;
    this.#settledTo = watcher.settledTo;
    this.start = watcher.asked.startRevision;
    this.#told = new Uint8Array(log.events.length);
  }

  /** Whether the watcher asked for this. */
  wants(event: Pick<LogEvent, 'key' | 'kind'>): boolean {
    return isAskedFor(event, this.asked);
  }

  hear(told: WatchTold): PlacedResponse {
    this.endedAtNs = told.atNs;
    // Of a reconnection the first `created` counts: what happened in between should be told too.
    if (told.kind === 'created') this.start ??= told.revision + 1;
    if (told.kind === 'canceled') this.#canceled = true;
    if (told.kind !== 'events') return { told, list: this.#list, events: [] };
    if (!this.#fragment) this.#list += 1;
    this.#fragment = told.fragment === true;
    return { told, list: this.#list, events: told.events.map((event) => this.#place(event)) };
  }

  /** What nobody can be told any more has not to be waited for. */
  end(): void {
    this.coveredTo = this.highest;
    if (!this.#canceled) this.coveredTo = Math.max(this.coveredTo, this.#settledTo ?? 0);
  }

  /** Calls `each` with what it wanted, up to and including the revision, and was not told. */
  forEachUntold(toRevision: number, each: (event: LogEvent, index: number) => void): void {
    const from = this.start ?? (this.lowest === Number.POSITIVE_INFINITY ? undefined : this.lowest);
    if (from === undefined) return;
    const { events } = this.log;
    for (let index = this.log.from(from); index < events.length; index++) {
      const event = events[index]!;
      if (event.revision > toRevision) return;
      if (this.#told[index] === 0 && this.wants(event)) each(event, index);
    }
  }

  #place(event: ToldEvent): PlacedEvent {
    const { log } = this;
    if (!event.compared) {
      this.lowest = Math.min(this.lowest, event.revision);
      this.highest = Math.max(this.highest, event.revision);
    }
    const index =
      event.compared && event.kind === 'delete' ? this.#deletion(event) : log.find(event.revision, event.key);
    if (index !== -1) {
      const again = this.#told[index] === 1;
      this.#told[index] = 1;
      return { event, index, again };
    }
    const name = `${event.revision} ${event.key}`;
    const again = this.#strange.has(name);
    this.#strange.add(name);
    return { event, index: log.knows(event.revision) ? null : undefined, again };
  }

  /** The delete that a list, which no longer had the key, stands for. */
  #deletion({ key, revision }: ToldEvent): number {
    const index = this.log.newestOf(key, revision);
    return index !== -1 && this.log.events[index]!.kind === 'delete' ? index : -1;
  }
}
