import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WatchLog, WatchTold } from '../history/watch.ts';
import { ToldRevisions } from './told-revisions.ts';
import { WatchConnection } from './watch-connection.ts';

/**
 * An Observer keeps the true log of a run: a watcher of all keys at every member, over connections of the harness's
 * own that no fault touches. What one member has not yet, another tells; each revision counts from when the first told
 * it. A member that goes is watched again when it is back, from the revision that it had told last.
 */
export interface Observer {
  /** The log from the first revision after it began up to this one, once a member told all of it. Rejects when none does in time. */
  log(toRevision: number, options: { readonly timeoutMs: number }): Promise<WatchLog>;
  /** What was told until now, which may be less than what has happened. */
  soFar(): WatchLog;
  close(): void;
}

/** Resolves once every member has answered that it watches. */
export async function observe(options: {
  readonly cluster: Pick<Cluster, 'members'>;
  readonly clock: Clock;
}): Promise<Observer> {
  const told = new ToldRevisions();
  const followers = options.cluster.members.map((member) => new Follower(member, options.clock, told));
  const close = () => {
    for (const follower of followers) follower.close();
  };
  try {
    await until(
      () => followers.every(({ createdAt }) => createdAt !== undefined),
      10_000,
      'every member watches all keys',
    );
  } catch (error) {
    close();
    throw error;
  }
  // The member that is furthest behind begins the soonest, so nothing between them is lost.
  const fromRevision = Math.max(...followers.map(({ createdAt }) => createdAt!)) + 1;
  return {
    async log(toRevision, { timeoutMs }) {
      await until(
        () => told.furthest >= toRevision || toRevision < fromRevision,
        timeoutMs,
        `a member has told all up to revision ${toRevision}`,
      );
      return told.between(fromRevision, toRevision);
    },
    soFar: () => told.between(fromRevision, Math.max(told.furthest, fromRevision - 1)),
    close,
  };
}

const againAfterMs = 100;

/** A Follower watches all keys at one member until it is closed, on one stream after another. */
class Follower {
  /** The member's revision when it first watched. */
  createdAt: number | undefined;
  readonly #member: Cluster['members'][number];
  readonly #clock: Clock;
  readonly #told: ToldRevisions;
  readonly #closing = new AbortController();
  #connection: WatchConnection | undefined;
  /** Where the next stream begins: the last revision told, once more, since a stream may end in the middle of it. */
  #next: number | undefined;

  constructor(member: Cluster['members'][number], clock: Clock, told: ToldRevisions) {
    this.#member = member;
    this.#clock = clock;
    this.#told = told;
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const connection = await WatchConnection.open({
          address: this.#member.clientAddress,
          clock: this.#clock,
          timeoutMs: 2_000,
          onTold: (_, told) => this.#hear(told),
        });
        this.#connection = connection;
        const startRevision = this.#next;
        connection.watch(this.#member.name, {
          key: '',
          prefix: true,
          ...(startRevision !== undefined && { startRevision }),
        });
        // Closed while it was being opened.
        if (signal.aborted) connection.close();
        await connection.ended;
        connection.close();
      } catch {
        // The member is not there; it may be again.
      }
      await sleep(againAfterMs, undefined, { signal }).catch(() => {});
    }
  }

  #hear(told: WatchTold): void {
    if (told.kind === 'created') {
      this.createdAt ??= told.revision;
      this.#next ??= told.revision + 1;
    } else if (told.kind === 'events') {
      this.#told.add(this.#member.name, told);
      this.#next = told.events.at(-1)!.revision;
    } else if (told.kind === 'canceled') {
      if (told.compactRevision > 0) {
        // What lies before is told by another member or by nobody; the log then lacks revisions, which shows.
        this.#told.compacted(told.compactRevision);
        this.#next = Math.max(this.#next ?? 0, told.compactRevision);
      }
      this.#connection?.close();
    }
  }
}

async function until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadlineMs)
      throw new Error(`expected that ${what} within ${timeoutMs} ms, and it did not come to that`);
    await sleep(20);
  }
}
