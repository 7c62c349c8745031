import { setTimeout as sleep } from 'node:timers/promises';
import type { ICompare, IKeyValue, ITxnRequest, ITxnResponse } from 'etcd3';
import type { CarefulClient } from './careful-client.ts';
import { CarefulWatch, type WatchSink } from './careful-watch.ts';
import { compareOf } from './conditional.ts';
import { HeldLease, type HeldLeaseOptions } from './held-lease.ts';
import { EtcdFailed } from './outcome.ts';
import { prefixRange } from './prefix.ts';

/**
 * A DistributedLock is held by one at a time, in the order in which they asked. Who asks makes a key under a lease
 * of its own; etcd's revision of its creation is its place in the queue and its token. Each waits for the key right
 * before its own to go, so that a release wakes one and not all.
 *
 *   queue/<lease a>  created 41   holds        token 41
 *   queue/<lease b>  created 44   waits for a
 *   queue/<lease c>  created 45   waits for b
 *
 * No lock of this kind can stop a holder that stood still from going on when it wakes: what it does then is stopped
 * by the store alone. So every write carries the token, and the store compares it (`guarded`, or a TokenFence).
 */
export class DistributedLock {
  readonly #client: CarefulClient;
  readonly #queue: string;
  readonly #lease: HeldLeaseOptions;

  /** `queue` ends in a slash: all keys under it are this lock's. */
  constructor(client: CarefulClient, queue: string, lease: HeldLeaseOptions) {
    if (!queue.endsWith('/')) throw new RangeError(`the queue of a lock should end in '/', got '${queue}'`);
    this.#client = client;
    this.#queue = queue;
    this.#lease = lease;
  }

  /**
   * Waits for its turn, until the signal aborts; throws the signal's reason then, the lease's when that was lost
   * in the queue, and EtcdFailed when etcd could not be asked.
   */
  async acquire(signal: AbortSignal): Promise<HeldLock> {
    signal.throwIfAborted();
    const lease = await HeldLease.grant(this.#client, this.#lease);
    const waiting = AbortSignal.any([signal, lease.lost]);
    try {
      const key = `${this.#queue}${lease.id}`;
      const token = await this.#enqueue(key, lease, waiting);
      for (;;) {
        const before = await this.#before(token, key, waiting);
        waiting.throwIfAborted();
        if (before === null) return new HeldLock(this.#client, key, token, lease);
        await this.#gone(before, waiting);
      }
    } catch (error) {
      // So that nobody waits behind one who has left.
      await lease.end();
      throw error;
    }
  }

  /** The key is this lease's own, so asking again after an unknown end cannot make a second one. */
  async #enqueue(key: string, lease: HeldLease, signal: AbortSignal): Promise<number> {
    const own = Buffer.from(key);
    const answer = await persistently(signal, () =>
      this.#client.txn({
        compare: [compareOf(key, { absent: true })],
        success: [{ request_put: { key: own, value: Buffer.alloc(0), lease: lease.id } }],
        failure: [{ request_range: { key: own } }],
      }),
    );
    const created = answer.succeeded
      ? answer.header.revision
      : answer.responses[0]!.response_range.kvs[0]!.create_revision;
    return Number(created);
  }

  /** The last in the queue before the token; null when there is none, read linearizably while the own key was there. */
  async #before(token: number, key: string, signal: AbortSignal): Promise<IKeyValue | null> {
    const { kvs } = await persistently(signal, () =>
      this.#client.range({ ...prefixRange(this.#queue), keys_only: true }),
    );
    if (!kvs.some((kv) => kv.key.toString() === key)) {
      throw new Error(`${key} is no longer in the queue: its lease has ended`);
    }
    const earlier = kvs.filter((kv) => Number(kv.create_revision) < token);
    return earlier.reduce<IKeyValue | null>(
      (last, kv) => (last && Number(last.create_revision) > Number(kv.create_revision) ? last : kv),
      null,
    );
  }

  async #gone({ key }: IKeyValue, signal: AbortSignal): Promise<void> {
    const name = key.toString();
    await new Promise<void>((resolve, reject) => {
      const sink: WatchSink = {
        listed: (kvs) => {
          if (!kvs.some((kv) => kv.key.toString() === name)) over();
        },
        changed: ({ type, kv }) => {
          if (type === 'Delete' && kv.key.toString() === name) over();
        },
        reached: () => {},
      };
      const watch = new CarefulWatch(this.#client, name, sink);
      const over = () => {
        watch.close();
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = () => {
        watch.close();
        reject(signal.reason);
      };
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }
}

/** A HeldLock was acquired. Its holder works until it is done or `lost` aborts, and then stops at once. */
export class HeldLock implements AsyncDisposable {
  readonly #client: CarefulClient;
  readonly #lease: HeldLease;

  constructor(
    client: CarefulClient,
    readonly key: string,
    /** create_revision of the key: greater than that of every earlier holder. */
    readonly token: number,
    lease: HeldLease,
  ) {
    this.#client = client;
    this.#lease = lease;
  }

  /** Aborts before the server lets the lock go, as long as this process runs. */
  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  /** For how long it is certain to be held; 0 when it is not. */
  get heldForMs(): number {
    return this.#lease.aliveForMs;
  }

  /** Holds at the store only while this very holder's key is there. */
  get compare(): ICompare {
    return compareOf(this.key, { created: this.token });
  }

  /**
   * One transaction that etcd carries out only for the holder, whatever this process believes. Throws LockLost when
   * the store knows better; the caller's own comparisons are told apart from it.
   */
  async guarded(request: ITxnRequest): Promise<ITxnResponse> {
    const answer = await this.#client.txn({
      compare: [this.compare],
      success: [{ request_txn: request }],
      failure: [],
    });
    if (!answer.succeeded) throw new LockLost(this.key, this.token);
    return { ...answer.responses[0]!.response_txn, header: answer.header };
  }

  async release(): Promise<void> {
    await this.#lease.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** A LockLost is a write that the store refused, because the lock of its writer was let go. It did not happen. */
export class LockLost extends Error {
  override readonly name = 'LockLost';

  constructor(
    key: string,
    readonly token: number,
  ) {
    super(`the lock ${key} with the token ${token} was let go: nothing was written`);
  }
}

/** A TokenFence is for a store that knows nothing of the lock: it admits no token after a greater one. */
export class TokenFence {
  #greatest = 0;

  get greatest(): number {
    return this.#greatest;
  }

  admits(token: number): boolean {
    if (token < this.#greatest) return false;
    this.#greatest = token;
    return true;
  }
}

/** For what may be asked again whatever became of it. */
async function persistently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      // Of no use to ask again: the lease is not there, the request is wrong.
      if (!(error instanceof EtcdFailed) || !error.memberUnfit) throw error;
      await sleep(50);
    }
  }
}
