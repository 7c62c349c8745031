import { setTimeout as sleep } from 'node:timers/promises';
import type { IEvent, IKeyValue } from 'etcd3';
import type { CarefulClient } from '../etcd/careful-client.ts';
import { CarefulWatch } from '../etcd/careful-watch.ts';
import { FollowedKeys } from '../etcd/followed-keys.ts';
import { isPosition, laterPosition, type Position, positionNumber } from './position.ts';

const root = 'consistency-routing/positions/';

/**
 * The newest position that any instance has committed, as published in etcd. Each instance publishes its own key
 * after its commits, the latest for all that waited, and follows those of the others. A position that is published
 * late delays nothing and allows nothing wrong: session reads rest on the client's own token.
 */
export class PublishedPosition {
  published = 0;
  failures = 0;
  readonly #client: CarefulClient;
  readonly #key: Buffer;
  readonly #watch: CarefulWatch;
  readonly #closing = new AbortController();
  #pending: Position | undefined;
  #publishing = false;
  #newest: Position | undefined;

  constructor(client: CarefulClient, instance: string) {
    this.#client = client;
    this.#key = Buffer.from(root + instance);
    const heard = (_key: string, told: IEvent | IKeyValue) => {
      const position = ('kv' in told ? told.kv : told).value.toString();
      if (isPosition(position)) this.#newest = laterPosition(this.#newest, position);
    };
    // No key lies under a prefix that ends in a zero byte: all are "other" keys, told one by one.
    this.#watch = new CarefulWatch(client, root, new FollowedKeys(`${root}\0`, { other: heard }));
  }

  /** Of all instances, as far as heard. */
  get newest(): Position | undefined {
    return this.#newest;
  }

  committed(position: Position): void {
    this.#newest = laterPosition(this.#newest, position);
    this.#pending = laterPosition(this.#pending, position);
    if (!this.#publishing) void this.#publish();
  }

  /** How far a replica that has replayed up to here is behind, in bytes of log. */
  lagBytes(replayed: Position | undefined): number {
    if (!this.#newest || !replayed) return 0;
    return Math.max(0, Number(positionNumber(this.#newest) - positionNumber(replayed)));
  }

  close(): void {
    this.#closing.abort();
    this.#watch.close();
  }

  async #publish(): Promise<void> {
    this.#publishing = true;
    while (this.#pending !== undefined && !this.#closing.signal.aborted) {
      const position = this.#pending;
      try {
        await this.#client.txn({
          success: [{ request_put: { key: this.#key, value: Buffer.from(position) } }],
        });
        this.published += 1;
        if (this.#pending === position) this.#pending = undefined;
      } catch {
        this.failures += 1;
        await sleep(100, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
    this.#publishing = false;
  }
}
