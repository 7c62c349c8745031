/**
 * A WatchHistory is what watchers were told, beside the true log of what happened: all that can be said of a watch is
 * said by laying the one on the other.
 */
export interface WatchHistory {
  readonly log: WatchLog;
  readonly watchers: readonly WatcherHistory[];
  /** etcd's version ('3.4.23'), where it is known: known issues are named by it. */
  readonly etcdVersion?: string;
}

/** The true log: every change from one revision to another, both included. */
export interface WatchLog {
  readonly fromRevision: number;
  readonly toRevision: number;
  /** Whether it has the changes of all keys. Revisions then follow one another, and one that is missing shows. */
  readonly allKeys: boolean;
  /** By revision, and those of one transaction in its order. */
  readonly events: readonly LogEvent[];
  /** Revisions that were compacted: of the log before each nothing could be asked any more. */
  readonly compactions: readonly number[];
  /**
   * What stands before an operation's key in the store's ('': nothing), where the store is what is true of the
   * operations' keys. Undefined: the log tells nothing of them.
   */
  readonly valuesUnder?: string;
  /** Where members told different things of one revision; of each the log has what was told first. */
  readonly forks?: readonly Fork[];
}

/** A Fork is one revision of one key of which two members told different contents. Null: a delete. */
export interface Fork {
  readonly revision: number;
  readonly key: string;
  readonly one: { readonly member: string; readonly value: string | null };
  readonly other: { readonly member: string; readonly value: string | null };
}

export interface LogEvent {
  readonly revision: number;
  readonly key: string;
  readonly kind: 'put' | 'delete';
  /** Of a put. */
  readonly value?: string;
  /** When anyone outside saw it first, on the run's clock. */
  readonly atNs?: number;
}

/** One watcher: what it asked for and all that it was told, in order. */
export interface WatcherHistory {
  readonly name: string;
  readonly asked: WatchAsked;
  /** It is the harness's own, straight at a member: what it was told is etcd's doing, not the service's. */
  readonly atMember?: string;
  readonly told: readonly WatchTold[];
  /**
   * Every change up to here should have been told when the recording ended, because somebody waited for it. Undefined
   * when nobody did: of what came after the last that was told nothing can be said then.
   */
  readonly settledTo?: number;
}

export interface WatchAsked {
  readonly key: string;
  /** All keys that begin with `key`, not that one alone. */
  readonly prefix?: boolean;
  /** The first revision that is asked for; undefined: from now on. */
  readonly startRevision?: number;
  /** Each event should bring what its key held before. */
  readonly prevKv?: boolean;
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
}

/** Whether a watcher that asked for this is to be told of that event, its revision aside. */
export function isAskedFor({ key, kind }: Pick<LogEvent, 'key' | 'kind'>, asked: WatchAsked): boolean {
  if (asked.prefix ? !key.startsWith(asked.key) : key !== asked.key) return false;
  return !(kind === 'put' ? asked.noPut : asked.noDelete);
}

/** One response. `revision` is its header's; 0 where the watcher's user is not shown it. */
export type WatchTold = { readonly atNs: number; readonly revision: number } & (
  | { readonly kind: 'created' }
  /** `fragment`: the next response goes on with the same revision, as was asked for. */
  | { readonly kind: 'events'; readonly events: readonly ToldEvent[]; readonly fragment?: boolean }
  /** Nothing but a revision: all up to it, and of it, has been told. */
  | { readonly kind: 'progress' }
  /** compactRevision: the oldest revision that can be asked for; 0 for other reasons. */
  | { readonly kind: 'canceled'; readonly compactRevision: number }
);

export interface ToldEvent {
  readonly revision: number;
  readonly key: string;
  readonly kind: 'put' | 'delete';
  readonly value?: string;
  /** The revision of the put that made the key, as the event tells it. */
  readonly createRevision?: number;
  /** What the key held before, where it was told. */
  readonly prev?: { readonly revision: number; readonly value: string };
  /**
   * No stream brought it: a comparison with what is there showed it. Its place is then in the order of its key alone,
   * and a delete has the revision of the list that no longer had the key, not its own.
   */
  readonly compared?: boolean;
}

/** The same history on a clock that begins at this moment. */
export function watchesSince(fromNs: number, history: WatchHistory): WatchHistory {
  const { log, watchers } = history;
  return {
    ...history,
    log: {
      ...log,
      events: log.events.map((event) =>
        event.atNs === undefined ? event : { ...event, atNs: event.atNs - fromNs },
      ),
    },
    watchers: watchers.map((one) => ({
      ...one,
      told: one.told.map((told) => ({ ...told, atNs: told.atNs - fromNs })),
    })),
  };
}
