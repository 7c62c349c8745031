import type { IEvent, IKeyValue } from 'etcd3';

/**
 * A WatchedEvent is a change as etcd's watch tells it, or one that no stream brought and that a comparison with what
 * is there showed (`compared`). A compared put is the newest of its key, whatever came between; a compared delete
 * has the revision of the list that no longer had the key, not its own.
 */
export interface WatchedEvent extends IEvent {
  readonly compared?: true;
}

/**
 * The three counts that etcd keeps of a key. `created` (create_revision) is the store's revision at which the key
 * last came into being, `modified` (mod_revision) that of its last write, `version` how many writes there were since
 * it came into being: 1, 2, 3, ... and 1 again after a delete.
 */
export interface KeyCounts {
  readonly created: number;
  readonly modified: number;
  readonly version: number;
}

/** WatchedKeys is what a watch has told so far: the counts of every key that is there. It finds what is missing. */
export class WatchedKeys {
  readonly #present = new Map<string, KeyCounts>();
  /** Kept while a comparison is under way: what is in the list and not here may have been deleted since. */
  readonly #deleted = new Map<string, number>();
  #comparing = 0;

  get size(): number {
    return this.#present.size;
  }

  get(key: Buffer): KeyCounts | undefined {
    return this.#present.get(name(key));
  }

  /** Takes an event that is told now. */
  take({ type, kv }: IEvent): void {
    if (type === 'Delete') {
      this.#present.delete(name(kv.key));
      if (this.#comparing > 0) this.#deleted.set(name(kv.key), Number(kv.mod_revision));
    } else {
      this.#present.set(name(kv.key), countsOf(kv));
    }
  }

  /**
   * Whether this event is the very next of its key, by the counts alone: a version that jumps, a key that is created
   * twice without a delete, and a delete of what was never told are each a gap before it.
   */
  follows({ type, kv }: IEvent): boolean {
    const known = this.#present.get(name(kv.key));
    if (type === 'Delete') return known !== undefined;
    const { created, version } = countsOf(kv);
    if (known === undefined) return version === 1;
    return created === known.created && version === known.version + 1;
  }

  /** Call it before the list is asked for, and the function it returns when the comparison is over. */
  comparing(): () => void {
    this.#comparing += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#comparing -= 1;
      if (this.#comparing === 0) this.#deleted.clear();
    };
  }

  /**
   * What was never told, given all that was there at a revision; what is known may be newer than the list, which
   * then proves nothing of the keys that changed since. Puts by revision, then deletes.
   */
  missing(listed: readonly IKeyValue[], revision: number): WatchedEvent[] {
    const puts = listed.filter((kv) => {
      const known = this.#present.get(name(kv.key))?.modified ?? this.#deleted.get(name(kv.key)) ?? 0;
      return known < Number(kv.mod_revision);
    });
    puts.sort((a, b) => Number(a.mod_revision) - Number(b.mod_revision));
    const there = new Set(listed.map(({ key }) => name(key)));
    const deleted = [...this.#present].filter(
      ([key, { modified }]) => !there.has(key) && modified <= revision,
    );
    return [
      ...puts.map((kv) => compared('Put', kv)),
      ...deleted.map(([key]) => compared('Delete', absentAt(Buffer.from(key, 'latin1'), revision))),
    ];
  }
}

export function countsOf(kv: IKeyValue): KeyCounts {
  return {
    created: Number(kv.create_revision),
    modified: Number(kv.mod_revision),
    version: Number(kv.version),
  };
}

export function compared(type: 'Put' | 'Delete', kv: IKeyValue): WatchedEvent {
  return { type, kv, prev_kv: null as unknown as IKeyValue, compared: true };
}

/** One character a byte, so that keys that are no text stay apart. */
function name(key: Buffer): string {
  return key.toString('latin1');
}

/** What a delete tells of a key. */
export function absentAt(key: Buffer, revision: number): IKeyValue {
  return {
    key,
    create_revision: '0',
    mod_revision: String(revision),
    version: '0',
    value: Buffer.alloc(0),
    lease: '0',
  };
}
