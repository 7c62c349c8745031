import type { CacheClass, Grade, Source } from '../harness/history/operation.ts';

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
  /** Gauges and counters for /metrics: name to value. */
  metrics(): Readonly<Record<string, number>>;
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
