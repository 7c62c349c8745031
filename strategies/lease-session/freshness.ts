import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CarefulClient } from '../etcd/careful-client.ts';
import type { LeaseSessionTimes } from './times.ts';

/**
 * Freshness proves how old the watched copy can be. A beat is a write to a key that the same watch follows; when
 * beat n comes back, every change with a lower revision has come before it, and so has every write that was
 * acknowledged before beat n was sent. (Progress notices prove nothing: etcd#15220.)
 *
 *   put beat 7, sent at t --> etcd (revision 41) --> watch: ..., 40, 41 = beat 7 --> the copy is as of t or later
 */
export class Freshness {
  readonly #client: CarefulClient;
  readonly #key: Buffer;
  readonly #times: LeaseSessionTimes;
  readonly #behind: () => void;
  /** Beats of an earlier process under the same name prove nothing for this one. */
  readonly #mark = randomUUID();
  readonly #sentAtMs = new Map<number, number>();
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  /** Resolves with the first proof. */
  readonly proved: Promise<void>;
  #prove = () => {};
  #asOfMs = Number.NEGATIVE_INFINITY;
  #beat = 0;

  /** `behind` is called when etcd acknowledged beats that the watch does not bring. */
  constructor(client: CarefulClient, key: string, times: LeaseSessionTimes, behind: () => void) {
    this.#client = client;
    this.#key = Buffer.from(key);
    this.#times = times;
    this.#behind = behind;
    this.proved = new Promise((resolve) => {
      this.#prove = resolve;
    });
    this.#ended = this.#run();
  }

  /** How long ago the copy was certainly up to date. Infinity before the first proof. */
  get ageMs(): number {
    return performance.now() - this.#asOfMs;
  }

  /** The watch brought a value of the beat key. */
  seen(value: string): void {
    const [mark, beat] = value.split(' ');
    const sentAtMs = mark === this.#mark ? this.#sentAtMs.get(Number(beat)) : undefined;
    if (sentAtMs === undefined) return;
    this.#asOfMs = Math.max(this.#asOfMs, sentAtMs);
    this.#prove();
    for (const earlier of this.#sentAtMs.keys()) if (earlier <= Number(beat)) this.#sentAtMs.delete(earlier);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const beat = ++this.#beat;
      const sentAtMs = performance.now();
      this.#sentAtMs.set(beat, sentAtMs);
      try {
        await this.#client.txn(
          { success: [{ request_put: { key: this.#key, value: Buffer.from(`${this.#mark} ${beat}`) } }] },
          { deadlineMs: this.#times.beatLimitMs },
        );
        // Acknowledged now, yet what was sent long ago is still not here: the watch is at a member that lags.
        const [oldest] = this.#sentAtMs.values();
        if (oldest !== undefined && performance.now() - oldest > this.#times.beatLimitMs) this.#behind();
      } catch {
        // It may still arrive, and then proves the same.
      }
      // What never came back must not grow without bound; a beat this old proves nothing that is of use.
      if (this.#sentAtMs.size > 100) this.#sentAtMs.delete(this.#sentAtMs.keys().next().value!);
      const pauseMs = this.#times.beatEveryMs - (performance.now() - sentAtMs);
      await sleep(Math.max(10, pauseMs), undefined, { signal }).catch(() => {});
    }
  }
}
