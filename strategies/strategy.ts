import type { CacheClass, Grade, Outcome, Source } from '../harness/history/operation.ts';

/** A Strategy is a way for a service to read and write through etcd, cache and database; service.ts serves it. */
export interface Strategy {
  readonly name: string;
  /** Resolves when it can answer. */
  open(context: StrategyContext): Promise<OpenStrategy>;
}

export interface StrategyContext {
  readonly instance: string;
  readonly etcd: readonly { readonly member: string; readonly address: string }[];
  readonly primaryUrl: string;
  readonly replicaUrl?: string;
  readonly dataFolder: string;
  /** 1 = the article's own times. */
  readonly timeScale: number;
  readonly seed: number;
  /** The name of a planted bug, in builds that test the harness; undefined in earnest. */
  readonly mutant?: string;
}

export interface OpenStrategy {
  read(request: ReadRequest): Promise<ReadAnswer>;
  write(request: WriteRequest): Promise<WriteAnswer>;
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
  readonly signal: AbortSignal;
}

export type WriteAnswer =
  | {
      readonly written: true;
      readonly revision?: number;
      readonly source: Source;
      readonly sessionToken?: string;
    }
  /** The compare did not hold; the current revision (0: no such key). */
  | { readonly written: false; readonly revision: number; readonly source: Source };

/** if every comparison holds then `success` else `failure`; no key is written twice in one of them. */
export interface TransactionRequest {
  readonly compare: readonly Comparison[];
  readonly success: readonly Step[];
  readonly failure: readonly Step[];
  readonly signal: AbortSignal;
}

export interface Comparison {
  readonly key: string;
  /** revision: of the last write, 0 for no such key. created: of the key's creation. version: writes since then. */
  readonly target: 'revision' | 'created' | 'version' | 'value';
  readonly result: 'equal' | 'notEqual' | 'greater' | 'less';
  readonly value: unknown;
}

export type Step =
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'put'; readonly key: string; readonly value: unknown }
  | { readonly op: 'delete'; readonly key: string };

export interface TransactionAnswer {
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** One for each step of the branch that was taken; a get tells what it read (null: no such key). */
  readonly results: readonly { readonly key: string; readonly value?: unknown; readonly revision?: number }[];
  readonly revision: number;
  readonly source: Source;
  readonly sessionToken?: string;
}

export interface DatabaseQueries {
  readonly role: 'primary' | 'replica';
  readonly kind: 'read' | 'write';
  readonly count: number;
}

/**
 * A Refused is an operation that could not be carried out, and what became of it: `fail` when it certainly did
 * not happen. 503 when the promise cannot be kept right now, 504 for a deadline, 501 when it never can.
 */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: 501 | 503 | 504,
    readonly outcome: Exclude<Outcome, 'ok'>,
    message: string,
  ) {
    super(message);
  }
}
