import type { LogEvent, WatchLog } from '../../history/watch.ts';

/** An EventLog answers questions about the true log; an event goes by its index in it. */
export class EventLog {
  readonly events: readonly LogEvent[];
  readonly fromRevision: number;
  readonly toRevision: number;
  readonly #allKeys: boolean;
  readonly #newestCompaction: number;
  /** Revision to the index of its first event. */
  readonly #first = new Map<number, number>();
  /** For each event the index of the one before it of the same key; -1 for none. */
  readonly #previous: Int32Array;
  readonly #newestOfKey = new Map<string, number>();

  constructor({ events, fromRevision, toRevision, allKeys, compactions }: WatchLog) {
    this.events = inOrder(events) ? events : [...events].sort((a, b) => a.revision - b.revision);
    this.fromRevision = fromRevision;
    this.toRevision = toRevision;
    this.#allKeys = allKeys;
    this.#newestCompaction = compactions.reduce((a, b) => Math.max(a, b), 0);
    this.#previous = new Int32Array(this.events.length);
    this.events.forEach(({ revision, key }, index) => {
      if (!this.#first.has(revision)) this.#first.set(revision, index);
      this.#previous[index] = this.#newestOfKey.get(key) ?? -1;
      this.#newestOfKey.set(key, index);
    });
  }

  /** Whether the log can say what happened at this revision. One that lacks a revision of all keys has a hole there. */
  knows(revision: number): boolean {
    if (revision < this.fromRevision || revision > this.toRevision) return false;
    return !this.#allKeys || this.#first.has(revision);
  }

  /** -1 when the log has no such event. */
  find(revision: number, key: string): number {
    let index = this.#first.get(revision);
    if (index === undefined) return -1;
    for (; this.events[index]?.revision === revision; index++)
      if (this.events[index]!.key === key) return index;
    return -1;
  }

  /** The newest event of the key up to a revision; -1 for none. */
  newestOf(key: string, upToRevision: number): number {
    let index = this.#newestOfKey.get(key) ?? -1;
    while (index !== -1 && this.events[index]!.revision > upToRevision) index = this.#previous[index]!;
    return index;
  }

  /** The index of the first event at the revision or after it. */
  from(revision: number): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle]!.revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the key held before this event; null for no such key, undefined when it was before the log began. */
  before(index: number): LogEvent | null | undefined {
    const previous = this.#previous[index]!;
    if (previous === -1) return this.fromRevision <= 1 ? null : undefined;
    const event = this.events[previous]!;
    return event.kind === 'put' ? event : null;
  }

  /** Whether the store may have been unable to read itself as of this revision. */
  maybeCompacted(revision: number): boolean {
    return revision < this.#newestCompaction;
  }

  /** Whether a compaction was exactly at this revision or after it: the event may have been on its edge. */
  compactedFrom(revision: number): boolean {
    return revision <= this.#newestCompaction;
  }
}

function inOrder(events: readonly LogEvent[]): boolean {
  return events.every(({ revision }, i) => i === 0 || events[i - 1]!.revision <= revision);
}
