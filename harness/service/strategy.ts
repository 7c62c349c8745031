import type { Grade } from '../history/operation.ts';

/**
 * A StrategyDescription is what the harness knows of a strategy: its name, what it promises, and the command that
 * serves it. Anything that answers the HTTP contract can be described so, in any language.
 */
export interface StrategyDescription {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What the strategy guarantees when its times are scaled by `timeScale` (1 = the article's own times). */
  promises(timeScale: number): readonly Promised[];
  /**
   * Where in etcd each instance keeps the key of its lease: this prefix and the instance's name. Its /metrics then
   * tell what it believes: `faultline_lease_epoch`, the key's mod_revision, and `faultline_lease_alive_ms`, above 0
   * while it takes the lease for its own. An observer holds the one against the other.
   */
  readonly leaseKeys?: string;
  /** Of a strategy that keeps the same values in etcd and in the database: where. An observer compares them in the end. */
  readonly stores?: SharedValues;
  /**
   * Where in etcd it keeps the values of its keys, as JSON, if etcd is where they are true: this prefix and the key. A
   * watch of all keys beside the run then shows which writes happened whose callers never learned it.
   */
  readonly valueKeys?: string;
  /** The program that serves one instance; it is told everything else by FAULTLINE_* variables (see instance.ts). */
  readonly command: readonly [program: string, ...args: string[]];
  /**
   * The program can be started before there is anything to serve: with FAULTLINE_OPEN_ON_LINE it loads, and touches
   * neither etcd nor the database before it is sent a line on its standard input.
   */
  readonly opensOnLine?: true;
  /** Further variables for the program, e.g. the name of a planted bug. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** SharedValues are values that are in etcd and in the database. */
export interface SharedValues {
  /** In etcd the keys begin so, and their values are JSON. */
  readonly etcdPrefix: string;
  /** A query that gives the columns `key` (text, without the prefix) and `value` (json) of what is not deleted. */
  readonly rows: string;
}

/** A Promised is one guarantee that a strategy declares. An anomaly that no promise excludes is only measured. */
export type Promised =
  /** All writes and the reads of grade `linearizable` form one linearizable register per key. */
  | { readonly guarantee: 'linearizable' }
  /**
   * No acknowledged write is missing at the end. `real-time`: a write acknowledged before another was sent is
   * never what remains in its place; `per-instance`: the same among the writes of one instance.
   */
  | { readonly guarantee: 'no-lost-writes'; readonly order: 'real-time' | 'per-instance' }
  /** A read of this grade never shows a value overwritten more than maxStaleMs before the read was sent, unless marked stale. */
  | { readonly guarantee: 'bounded-staleness'; readonly grade: Grade; readonly maxStaleMs: number }
  /** A process reads its own acknowledged writes, or newer ones. */
  | { readonly guarantee: 'read-your-writes'; readonly grade: Grade }
  /** A process never reads an older value after a newer one. */
  | { readonly guarantee: 'monotonic-reads'; readonly grade: Grade }
  /** The writes of a process take effect in its own order; `per-instance`: those that it made at one instance. */
  | { readonly guarantee: 'monotonic-writes'; readonly order: 'real-time' | 'per-instance' }
  /** A write takes effect after what its process had read before it at this grade. */
  | { readonly guarantee: 'writes-follow-reads'; readonly grade: Grade }
  /** A read of this grade lacks at most so many newer acknowledged writes of its key, unless marked stale. */
  | { readonly guarantee: 'bounded-revisions'; readonly grade: Grade; readonly maxRevisions: number }
  /** No write is carried out twice. */
  | { readonly guarantee: 'no-duplicated-writes' }
  /** What was overwritten or deleted, and seen to be gone, stays gone. */
  | { readonly guarantee: 'no-resurrected-writes'; readonly order: 'real-time' | 'per-instance' }
  /** No write is accepted under an older fencing token than one before it, of a key or through an instance. */
  | { readonly guarantee: 'fencing'; readonly scope: 'key' | 'instance' }
  /** No instance believes in its lease after the server has let it go. */
  | { readonly guarantee: 'lease-truth' }
  /** Whatever befalls what is behind it, an instance that is left alone answers this share of its reads of the grade. */
  | { readonly guarantee: 'availability'; readonly grade: Grade; readonly okShare: number }
  /** Every instance's watch tells each change, once and in order: none is missed, none comes twice. */
  | { readonly guarantee: 'watch' }
  /**
   * Transactions (PUT /tx) happen as if one after the other, in keeping with the clock. These three are judged where the
   * load has transactions.
   */
  | { readonly guarantee: 'strict-serializability' }
  /** A transaction over several keys is seen whole or not at all. */
  | { readonly guarantee: 'atomic-visibility' }
  /** Transfers between keys keep their sum, and none falls below nothing. */
  | { readonly guarantee: 'kept-sums' }
  /** After everything healed and the load ended, all instances answer the same. */
  | { readonly guarantee: 'convergence' }
  /** After everything healed and the load ended, the database's primary and replica have what etcd has (`stores`). */
  | { readonly guarantee: 'stores-agree' }
  /** Within this time after the last fault healed, every kind of operation succeeds again. */
  | { readonly guarantee: 'progress'; readonly withinMs: number }
  | EnvironmentPromise;

/**
 * What the members themselves have to keep, whatever strategy stands before them: judged in every run, from what an
 * observer beside the instances has seen.
 */
export type EnvironmentPromise =
  /** All members have the same keys as of one revision. */
  | { readonly guarantee: 'members-agree' }
  /** The revision that a member shows never falls, also across restarts. */
  | { readonly guarantee: 'member-revisions' }
  /** One leader a term, one content a revision. */
  | { readonly guarantee: 'no-split-brain' }
  /** No member panics, logs something fatal, or ends by itself. */
  | { readonly guarantee: 'process-health' }
  /** What members tell watchers keeps the nine guarantees of watches; where a scenario has watchers of its own. */
  | { readonly guarantee: 'member-watches' };

export type Guarantee = Promised['guarantee'];
