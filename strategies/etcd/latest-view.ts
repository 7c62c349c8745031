import type { CarefulClient } from './careful-client.ts';

/** A copy that says how far it has come; FollowedKeys is one. */
export interface FollowingCopy {
  /** Every change up to this revision, and of it, is in the copy. */
  readonly revision: number;
  waitFor(revision: number, timeoutMs: number): Promise<boolean>;
}

export interface LatestViewOptions {
  /** How long a read waits for the copy before it ends with ReadConsistencyTimeout. */
  readonly limitMs: number;
  /** A key under the prefix that the copy follows, for this alone: see nudge. */
  readonly markerKey: string;
  /** How long the copy may come by itself before it is nudged (20). */
  readonly nudgeAfterMs?: number;
  /** Asks the stream how far it has come, where that is answered truly (CarefulWatch.askProgress); else false. */
  readonly askProgress?: () => boolean;
}

/** A ReadConsistencyTimeout is a read that would have been answered by a copy that was not proved new enough. */
export class ReadConsistencyTimeout extends Error {
  override readonly name = 'ReadConsistencyTimeout';

  constructor(
    /** What the copy should have reached; undefined when not even that could be asked in time. */
    readonly revision: number | undefined,
    readonly reached: number,
    limitMs: number,
  ) {
    super(
      revision === undefined
        ? `read consistency timeout: etcd did not tell its newest revision within ${limitMs} ms`
        : `read consistency timeout: the copy was at revision ${reached} after ${limitMs} ms, expected ${revision}`,
    );
  }
}

/**
 * A LatestView makes reads of a local copy linearizable: it asks etcd for the newest revision, waits until the copy
 * has come as far, and then the copy may be read. One question serves all reads that came before it was sent; none
 * that came later, since a write may have been acknowledged between the two.
 *
 *   read --> newest revision? 57 --> copy at 55 ... 56 ... 57 --> read the copy
 *
 * What it costs: a round trip as a read at etcd does, shared, and the delay of the watch. So it pays where many keys
 * are read at once or many reads come together, and not for one key at a time.
 *
 * The newest revision may be of a key that the copy does not follow, and then no change will bring the copy there.
 * So after a moment the copy is nudged: the stream is asked for its progress, or, where that is not answered truly
 * (etcd#15220), a marker is written, which the stream must bring.
 */
export class LatestView {
  nudges = 0;
  questions = 0;
  readonly #client: CarefulClient;
  readonly #copy: FollowingCopy;
  readonly #options: LatestViewOptions & { readonly nudgeAfterMs: number };
  #asking: Promise<number> | null = null;
  #next: Promise<number> | null = null;
  #marking: Promise<unknown> | null = null;

  constructor(
    client: CarefulClient,
    copy: FollowingCopy,
    { nudgeAfterMs = 20, ...options }: LatestViewOptions,
  ) {
    this.#client = client;
    this.#copy = copy;
    this.#options = { ...options, nudgeAfterMs };
  }

  /**
   * Resolves when whatever was acknowledged before the call is in the copy, to the revision that it has reached.
   * Throws ReadConsistencyTimeout after limitMs, and EtcdFailed when the newest revision could not be asked.
   */
  async reached(limitMs = this.#options.limitMs): Promise<number> {
    const untilMs = performance.now() + limitMs;
    const newest = await within(this.#newest(), limitMs);
    if (newest === undefined) throw new ReadConsistencyTimeout(undefined, this.#copy.revision, limitMs);
    const leftMs = () => Math.max(0, untilMs - performance.now());
    if (await this.#copy.waitFor(newest, Math.min(this.#options.nudgeAfterMs, leftMs()))) {
      return this.#copy.revision;
    }
    this.#nudge();
    if (await this.#copy.waitFor(newest, leftMs())) return this.#copy.revision;
    throw new ReadConsistencyTimeout(newest, this.#copy.revision, limitMs);
  }

  /** A question that was not sent before the call. */
  #newest(): Promise<number> {
    if (this.#next) return this.#next;
    if (!this.#asking) return this.#ask();
    // A question that is under way may have been answered by etcd before this read came.
    this.#next = this.#asking.then(
      () => this.#ask(),
      () => this.#ask(),
    );
    return this.#next;
  }

  #ask(): Promise<number> {
    this.#next = null;
    this.questions += 1;
    const asking = this.#client
      .range({ key: Buffer.from(this.#options.markerKey), keys_only: true })
      .then(({ header }) => Number(header.revision))
      .finally(() => {
        if (this.#asking === asking) this.#asking = null;
      });
    this.#asking = asking;
    return asking;
  }

  /** A marker that is written now comes after every revision that was told, so one serves all that wait. */
  #nudge(): void {
    if (this.#options.askProgress?.() || this.#marking) return;
    this.nudges += 1;
    const key = Buffer.from(this.#options.markerKey);
    this.#marking = this.#client
      .txn({ success: [{ request_put: { key, value: Buffer.from('0') } }] })
      .catch(() => {
        // The read runs into its limit, or a change of another brings the copy there.
      })
      .finally(() => {
        this.#marking = null;
      });
  }
}

async function within<T>(pending: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
    // When it was late, what becomes of it is no longer anyone's.
    pending.catch(() => {});
  }
}
