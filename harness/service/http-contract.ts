import type { CacheClass, Grade, Source } from '../history/operation.ts';

/** The HTTP contract of a service instance (DESIGN 5), as its client sees it. Names are in lower case, as Node has them. */
export const contractHeaders = {
  sessionToken: 'session-token',
  fencingToken: 'fencing-token',
  source: 'x-source',
  cache: 'x-cache',
  staleMs: 'x-stale-ms',
  outcome: 'x-outcome',
} as const;

/** A ContractRequest is one request as it goes out. */
export interface ContractRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  /** JSON; undefined when there is none. */
  readonly body?: string;
}

export function readRequest(key: string, grade: Grade): ContractRequest {
  return { method: 'GET', path: `${keyPath(key)}?consistency=${grade}` };
}

/** `expectedRevision`: write only when the key's revision is this; 0: only when there is no such key. */
export function writeRequest(key: string, value: unknown, expectedRevision?: number): ContractRequest {
  return { method: 'PUT', path: keyPath(key), body: JSON.stringify({ value, expectedRevision }) };
}

export function deleteRequest(key: string): ContractRequest {
  return { method: 'DELETE', path: keyPath(key) };
}

/** Several keys at one moment: where every comparison holds the steps of `success`, else those of `failure`. */
export interface TransactionContract {
  readonly compare: readonly TransactionComparison[];
  readonly success: readonly TransactionStep[];
  readonly failure: readonly TransactionStep[];
}

/** `revision` and `version` of what is not there are 0; its value equals nothing. */
export interface TransactionComparison {
  readonly key: string;
  readonly target: 'revision' | 'version' | 'value';
  readonly result: 'equal';
  readonly value: unknown;
}

export type TransactionStep =
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'put'; readonly key: string; readonly value: unknown };

export function transactionRequest(transaction: TransactionContract): ContractRequest {
  return { method: 'PUT', path: '/tx', body: JSON.stringify(transaction) };
}

function keyPath(key: string): string {
  return `/kv/${encodeURIComponent(key)}`;
}

/** A ContractAnswer is what came back, with nothing believed that does not have the contract's form. */
export interface ContractAnswer {
  readonly status: number;
  /** The parsed body; undefined when it is empty or no JSON object. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly source?: Source;
  readonly cache?: CacheClass;
  readonly staleMs?: number;
  readonly sessionToken?: string;
  /** The epoch of the Fencing-Token, `<lease id>:<epoch>`. */
  readonly fence?: number;
  /** Whether an error answer says that the write certainly did not happen, or may have. */
  readonly said?: 'fail' | 'info';
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** `headers` by lower-case name. */
export function parseAnswer(status: number, headers: Headers, text: string): ContractAnswer {
  return {
    status,
    body: parseObject(text),
    source: oneOf(sources, headers[contractHeaders.source]),
    cache: oneOf(cacheClasses, headers[contractHeaders.cache]),
    staleMs: milliseconds(headers[contractHeaders.staleMs]),
    sessionToken: single(headers[contractHeaders.sessionToken]),
    fence: epochOf(single(headers[contractHeaders.fencingToken])),
    said: oneOf(outcomes, headers[contractHeaders.outcome]),
  };
}

/** The revision in a body; undefined unless it is a whole number of 0 or more that a double holds exactly. */
export function revisionOf(answer: ContractAnswer): number | undefined {
  const revision = answer.body?.revision;
  return Number.isSafeInteger(revision) && (revision as number) >= 0 ? (revision as number) : undefined;
}

const sources: readonly Source[] = ['cache', 'etcd', 'primary', 'replica'];
const cacheClasses: readonly CacheClass[] = ['hit', 'stale', 'coalesced', 'miss', 'refresh'];
const outcomes: readonly ('fail' | 'info')[] = ['fail', 'info'];

function parseObject(text: string): Record<string, unknown> | undefined {
  if (text === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function oneOf<T extends string>(known: readonly T[], value: string | string[] | undefined): T | undefined {
  return known.includes(value as T) ? (value as T) : undefined;
}

function milliseconds(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** The lease id exceeds 2^53 and is not looked at. */
function epochOf(token: string | undefined): number | undefined {
  const epoch = Number(/^\d{1,20}:(\d{1,15})$/.exec(token ?? '')?.[1] ?? Number.NaN);
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
