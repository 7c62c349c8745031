import type { IEvent, IKeyValue } from 'etcd3';
import type { WatchSink } from './careful-watch.ts';

/** What is known of one key: its value (null: there is no such key) as of a revision. */
export interface Known {
  readonly value: unknown;
  readonly revision: number;
}

/**
 * FollowedKeys is the local copy of all keys under a prefix. It never goes back: whatever the order in which a
 * list, a change, an own write and a read arrive, the highest revision of a key stays.
 */
export class FollowedKeys implements WatchSink {
  readonly #prefix: string;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Set<{ revision: number; resolve: (reached: boolean) => void }>();
  readonly #other: (key: string, event: IEvent | IKeyValue) => void;
  readonly #newer: (key: string, known: Known) => void;
  #revision = 0;

  /**
   * `prefix` is where the values are, within what is watched; other watched keys are told to `other` (their whole
   * name), since they share the order of the changes. `newer` is told whatever the copy takes in.
   */
  constructor(
    prefix: string,
    told: {
      other?(key: string, event: IEvent | IKeyValue): void;
      newer?(key: string, known: Known): void;
    } = {},
  ) {
    this.#prefix = prefix;
    this.#other = told.other ?? (() => {});
    this.#newer = told.newer ?? (() => {});
  }

  /** Every change up to this revision, and of it, is in the copy. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#known.size;
  }

  get all(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  /** Undefined when nothing was ever known of the key: as of `revision` there is none. */
  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Takes what a write or read of this process showed, if it is newer. */
  learn(key: string, value: unknown, revision: number): void {
    const known = this.#known.get(key);
    if (known && known.revision >= revision) return;
    const newer = { value, revision };
    this.#known.set(key, newer);
    this.#newer(key, newer);
  }

  /** Waits until every change up to the revision is here; false after timeoutMs. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter = {
        revision,
        resolve: (reached: boolean) => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.resolve(false), timeoutMs);
      this.#waiting.add(waiter);
    });
  }

  listed(keyValues: readonly IKeyValue[], revision: number): void {
    const present = new Set<string>();
    for (const keyValue of keyValues) {
      const name = keyValue.key.toString();
      if (!name.startsWith(this.#prefix)) {
        this.#other(name, keyValue);
        continue;
      }
      const key = name.slice(this.#prefix.length);
      present.add(key);
      this.learn(key, JSON.parse(keyValue.value.toString()), Number(keyValue.mod_revision));
    }
    // What is not in the list was deleted at some revision up to that of the list.
    for (const key of this.#known.keys()) if (!present.has(key)) this.learn(key, null, revision);
    this.reached(revision);
  }

  changed(event: IEvent): void {
    const name = event.kv.key.toString();
    if (!name.startsWith(this.#prefix)) {
      this.#other(name, event);
      return;
    }
    const value = event.type === 'Delete' ? null : JSON.parse(event.kv.value.toString());
    this.learn(name.slice(this.#prefix.length), value, Number(event.kv.mod_revision));
  }

  reached(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.resolve(true);
  }
}
