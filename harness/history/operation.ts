import type { Observation } from './observation.ts';
import type { WatchHistory } from './watch.ts';

/**
 * An Operation is one attempt of one logical process: who asked what, when it was due, sent and answered, and how
 * it ended. One attempt is one operation: a retry folded into one record hides anomalies (etcd-io/etcd#14890).
 */
export interface Operation {
  /** The logical process. It has one operation in flight at a time; after an `info` it gets a new number. */
  readonly process: number;
  readonly f: OperationFunction;
  /** Events without a key share the key ''. */
  readonly key: string;
  /** What was asked for: consistency grade of a read. Writes carry none. */
  readonly grade?: Grade;
  /**
   * write: the value written. read: the value read (null is "no such key"; undefined when it did not complete).
   * cas: [from, to]. delete: null. append: the string appended. add: the element, or the number. enqueue: the value;
   * dequeue: the value taken (null: the queue was empty). acquire, release: the owner, or null. txn: its steps,
   * [["append", k, v], ["r", k, value], ["w", k, v]]; what it read is known once it ended `ok`. transfer: {from, to,
   * amount}, as Jepsen's bank has it.
   */
  readonly value: unknown;
  /** cas and txn: whether the compare held. One that completed without it did. */
  readonly swapped?: boolean;
  readonly outcome: Outcome;
  /** Nanoseconds on the run's one monotonic clock, from the run's origin. */
  readonly dueNs?: number;
  readonly invokeNs: number;
  /** Infinity while it is open to the end: an `info` may take effect at any later time, or never. */
  readonly returnNs: number;
  /** When the caller stopped waiting for an `info`, for latency charts only; checkers use returnNs. */
  readonly endedNs?: number;
  /** The store's revision that the answer named: of the write, or of the value read. */
  readonly revision?: number;
  /**
   * The number of the fencing token that a write was accepted under: every holder of what it guards has a greater one
   * than those before it.
   */
  readonly fence?: number;
  readonly source?: Source;
  readonly cache?: CacheClass;
  /** How old the service itself said that the answer may be, in milliseconds. */
  readonly staleMs?: number;
  /** The service instance that was asked. */
  readonly instance?: string;
  /** Read after the load has ended and everything has healed. */
  readonly final?: boolean;
  /** HTTP status, or the error's class, when it did not end `ok`. */
  readonly error?: string;
}

/** `ok`: it happened. `fail`: it certainly did not. `info`: it may have. */
export type Outcome = 'ok' | 'fail' | 'info';

export type OperationFunction =
  | 'read'
  | 'write'
  | 'cas'
  | 'delete'
  | 'txn'
  | 'append'
  | 'transfer'
  | 'add'
  | 'enqueue'
  | 'dequeue'
  | 'acquire'
  | 'release';

export type Grade = 'linearizable' | 'session' | 'eventual';
export const grades: readonly Grade[] = ['linearizable', 'session', 'eventual'];

/** Who answered (header X-Source). */
export type Source = 'cache' | 'etcd' | 'primary' | 'replica';

/** How the cache took part (header X-Cache). */
export type CacheClass = 'hit' | 'stale' | 'coalesced' | 'miss' | 'refresh';

/** A FaultWindow is one fault as it really was injected and healed, on the run's clock. */
export interface FaultWindow {
  readonly nemesis: string;
  /** A plain sentence: "m2, the leader, was cut off from m1 and m3 (blackhole)". */
  readonly sentence: string;
  /** Members, instances or links it touched. */
  readonly targets: readonly string[];
  readonly fromNs: number;
  readonly toNs: number;
  /** From the command to inject it until it was in force; not in every stored history. */
  readonly injectMs?: number;
  /** From the command to heal it until nothing of it was left. */
  readonly healMs?: number;
}

/** A History is everything that a checker may look at. */
export interface History {
  readonly operations: readonly Operation[];
  readonly faults: readonly FaultWindow[];
  /** What was seen beside the service's answers; undefined where nobody looked. */
  readonly observations?: readonly Observation[];
  /** `line`: read from a file without times; invokeNs and returnNs are line numbers. */
  readonly orderedBy?: 'time' | 'line';
  /** What watchers were told, where there were any. */
  readonly watches?: WatchHistory;
}
