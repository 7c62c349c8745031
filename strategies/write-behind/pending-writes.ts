/** A PendingWrite is acknowledged and not yet drained. */
export interface PendingWrite {
  readonly id: number;
  readonly key: string;
  /** undefined deletes. */
  readonly value?: unknown;
}

/**
 * PendingWrites is the queue: writes of one key leave it in the order in which they came. A batch takes the first
 * of each key, because etcd refuses a transaction that writes a key twice; so a key that is written often does not
 * hold up the others, and every write becomes a put of its own.
 */
export class PendingWrites {
  /** By key, in the order of the oldest write of each. */
  readonly #byKey = new Map<string, PendingWrite[]>();
  /** By number, when it was queued (on the process's monotonic clock); in the order in which they came. */
  readonly #sinceMs = new Map<number, number>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(write: PendingWrite): void {
    const writes = this.#byKey.get(write.key);
    if (writes) writes.push(write);
    else this.#byKey.set(write.key, [write]);
    this.#sinceMs.set(write.id, performance.now());
    this.#size += 1;
  }

  /** How long the write has waited that has waited longest; 0 when none waits. */
  get oldestMs(): number {
    const [oldest] = this.#sinceMs.values();
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /** What the key will be once all is drained; undefined when nothing of it waits. */
  last(key: string): PendingWrite | undefined {
    return this.#byKey.get(key)?.at(-1);
  }

  /** The first write of up to `limits.writes` keys, until their values have `limits.bytes`; always at least one. */
  batch(limits: { writes: number; bytes: number }): PendingWrite[] {
    const batch: PendingWrite[] = [];
    let bytes = 0;
    for (const [write] of this.#byKey.values()) {
      bytes += (JSON.stringify(write!.value) ?? '').length + write!.key.length;
      if (batch.length >= limits.writes || (batch.length > 0 && bytes > limits.bytes)) break;
      batch.push(write!);
    }
    return batch;
  }

  /** Removes a batch that was drained. What it took was the first of each key. */
  settle(batch: readonly PendingWrite[]): void {
    for (const { id, key } of batch) {
      const writes = this.#byKey.get(key);
      if (writes?.[0]?.id !== id) throw new Error(`write ${id} of ${key} is not the first that waits`);
      writes.shift();
      this.#sinceMs.delete(id);
      this.#size -= 1;
      this.#byKey.delete(key);
      // Behind the keys that waited longer.
      if (writes.length > 0) this.#byKey.set(key, writes);
      this.#wake(key, id);
    }
  }

  /** Whether all writes of the key that wait now are drained within the time; those that come later do not count. */
  drained(key: string, timeoutMs: number): Promise<boolean> {
    const last = this.last(key);
    if (!last) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const end = (drained: boolean) => {
        clearTimeout(timer);
        waiting.delete(waiter);
        resolve(drained);
      };
      const waiter = { id: last.id, drained: () => end(true) };
      const timer = setTimeout(() => end(false), timeoutMs);
      waiting.add(waiter);
    });
  }

  #wake(key: string, id: number): void {
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    for (const waiter of waiting) if (waiter.id <= id) waiter.drained();
    if (waiting.size === 0) this.#waiting.delete(key);
  }
}

interface Waiter {
  readonly id: number;
  drained(): void;
}
