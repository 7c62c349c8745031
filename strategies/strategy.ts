import type { EtcdEndpoint } from '../harness/cluster/external/access.ts';
import type { CacheClass, Grade, Outcome, Source } from '../harness/history/operation.ts';

/** A Strategy is a way for a service to read and write through etcd, cache and database; service.ts serves it. */
export interface Strategy {
  readonly name: string;
  /** Resolves when it can answer. */
  open(context: StrategyContext): Promise<OpenStrategy>;
}

export interface StrategyContext {
  readonly instance: string;
  readonly etcd: readonly EtcdEndpoint[];
  readonly primaryUrl: string;
  readonly replicaUrl?: string;
  readonly dataFolder: string;
  /** Of a strategy that has a queue; what is left out is as `defaultQueue` has it. */
  readonly queue?: Partial<QueueOptions>;
  /** 1 = the article's own times. */
  readonly timeScale: number;
  readonly seed: number;
  /** Where to take down what a watch told, on the clock with this origin; undefined when nobody wants to know. */
  readonly watchRecord?: { readonly path: string; readonly originNs: bigint };
}

export interface QueueOptions {
  /** So many writes may wait. */
  readonly capacity: number;
  /** What becomes of a write that finds the queue full: a 429 at once, or after it has waited as long as a client does. */
  readonly whenFull: 'refuse' | 'wait';
  /** A batch leaves when it has so many writes, or when its oldest is so old, whichever comes first. */
  readonly batchWrites: number;
  readonly batchAgeMs: number;
}

/** No batch waits for company: what comes while one is under way is the next. */
export const defaultQueue: QueueOptions = {
  capacity: 10_000,
  whenFull: 'refuse',
  batchWrites: 100,
  batchAgeMs: 0,
};

export interface OpenStrategy {
  read(request: ReadRequest): Promise<ReadAnswer>;
  write(request: WriteRequest): Promise<WriteAnswer>;
  /**
   * Whether writes can be fenced by the client: the answers of writes carry a fencing token, and a write that brings
   * one is carried out only while the lease that it names lives. Where not, a request with a token is a 501, since a
   * fence that is passed over in silence is none.
   */
  readonly fences?: true;
  /** Several keys at once, all or nothing. Absent where the strategy cannot; PUT /tx says 501 then. */
  transact?(request: TransactionRequest): Promise<TransactionAnswer>;
  /** Gauges and counters for /metrics: name to value. */
  metrics(): Readonly<Record<string, number>>;
  /** Queries sent to the database so far, as the pools saw them. */
  databaseQueries?(): readonly DatabaseQueries[];
  /** Ready to serve; /healthz says 503 with the reason otherwise. */
  health(): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Finishes what was promised (drains queues), then frees everything. */
  close(): Promise<void>;
}

export interface ReadRequest {
  readonly key: string;
  readonly grade: Grade;
  /** The last token that the client was given, as it was given. */
  readonly sessionToken?: string;
  readonly signal: AbortSignal;
}

export interface ReadAnswer {
  /** Null when there is no such key. */
  readonly value: unknown;
  readonly revision?: number;
  readonly source: Source;
  readonly cache?: CacheClass;
  readonly staleMs?: number;
  readonly sessionToken?: string;
}

export interface WriteRequest {
  readonly key: string;
  /** undefined deletes. */
  readonly value: unknown;
  /** The write happens only when the key's revision is this; 0: only when there is no such key. */
  readonly expectedRevision?: number;
  readonly sessionToken?: string;
  /** Given only to a strategy that fences, as the client gave it. */
  readonly fencingToken?: string;
  readonly signal: AbortSignal;
}

export type WriteAnswer =
  | {
      readonly written: true;
      readonly revision?: number;
      readonly source: Source;
      readonly sessionToken?: string;
      readonly fencingToken?: string;
    }
  /** The compare did not hold; the current revision (0: no such key). */
  | { readonly written: false; readonly revision: number; readonly source: Source };

/** if every comparison holds then `success` else `failure`; no key is written twice in one of them. */
export interface TransactionRequest {
  readonly compare: readonly Comparison[];
  readonly success: readonly Step[];
  readonly failure: readonly Step[];
  /** As in a WriteRequest. */
  readonly fencingToken?: string;
  readonly signal: AbortSignal;
}

export interface Comparison {
  readonly key: string;
  /**
   * revision: of the last write (etcd's mod_revision). created: of the write that made the key (create_revision).
   * version: how many writes there were since then. All three are 0 for no such key. lease: the id of the lease that
   * the key hangs on, '0' for none. A comparison with the value of a key that is not there never holds.
   */
  readonly target: 'revision' | 'created' | 'version' | 'value' | 'lease';
  readonly result: 'equal' | 'notEqual' | 'greater' | 'less';
  /** JSON for `value`; a number for the three counts; decimal digits in a text for `lease`, whose ids exceed 2^53. */
  readonly value: unknown;
}

export type Step =
  | { readonly op: 'get'; readonly key: string }
  /** `lease`: the id of a lease that the key vanishes with. */
  | { readonly op: 'put'; readonly key: string; readonly value: unknown; readonly lease?: string }
  | { readonly op: 'delete'; readonly key: string }
  /** All keys that begin with the prefix, by key; the first `limit` of them when there is one. */
  | { readonly op: 'range'; readonly prefix: string; readonly limit?: number };

/** What a key was found to hold: null when there was no such key. */
export interface FoundKey {
  readonly key: string;
  readonly value?: unknown;
  /** Of the last write. */
  readonly revision?: number;
  /** Of the write that made the key. */
  readonly created?: number;
  /** Writes since then. */
  readonly version?: number;
  /** Only where the key hangs on one. */
  readonly lease?: string;
}

/** A get tells what it read; a put and a delete that deleted tell the revision they wrote; a range all that it found. */
export type StepResult =
  | FoundKey
  | { readonly prefix: string; readonly found: readonly FoundKey[]; readonly more: boolean };

/** The keys that a transaction names, each once. What a range may find is not among them. */
export function keysOf({ compare, success, failure }: Omit<TransactionRequest, 'signal'>): string[] {
  const named = [...compare, ...success, ...failure].flatMap((part) => ('key' in part ? [part.key] : []));
  return [...new Set(named)];
}

export interface TransactionAnswer {
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** One for each step of the branch that was taken. */
  readonly results: readonly StepResult[];
  /** The store's revision after the transaction. Absent where revisions count the writes of one key. */
  readonly revision?: number;
  readonly source: Source;
  readonly sessionToken?: string;
  readonly fencingToken?: string;
}

export interface DatabaseQueries {
  readonly role: 'primary' | 'replica';
  readonly kind: 'read' | 'write';
  readonly count: number;
}

/**
 * A Refused is an operation that could not be carried out, and what became of it: `fail` when it certainly did
 * not happen. 503 when the promise cannot be kept right now, 504 for a deadline, 501 when it never can, 400 when
 * what was asked makes no sense to the store, 412 when its fencing token names a lease that has ended, 429 when as much
 * as can wait does wait.
 */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: 400 | 412 | 429 | 501 | 503 | 504,
    readonly outcome: Exclude<Outcome, 'ok'>,
    message: string,
    /** Told in the body beside the message. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}
