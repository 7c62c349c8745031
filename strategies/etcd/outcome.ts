import type { Outcome } from '../../harness/history/operation.ts';

/** The one table that sorts what etcd answered: did a write that ended with this gRPC code happen? */
const outcomes: readonly (readonly [code: number, name: string, outcome: Outcome])[] = [
  [0, 'OK', 'ok'],
  [1, 'CANCELLED', 'info'],
  [2, 'UNKNOWN', 'info'],
  [3, 'INVALID_ARGUMENT', 'fail'],
  [4, 'DEADLINE_EXCEEDED', 'info'],
  [5, 'NOT_FOUND', 'fail'],
  [6, 'ALREADY_EXISTS', 'fail'],
  [7, 'PERMISSION_DENIED', 'fail'],
  [8, 'RESOURCE_EXHAUSTED', 'info'],
  [9, 'FAILED_PRECONDITION', 'fail'],
  [10, 'ABORTED', 'info'],
  [11, 'OUT_OF_RANGE', 'fail'],
  [12, 'UNIMPLEMENTED', 'fail'],
  [13, 'INTERNAL', 'info'],
  [14, 'UNAVAILABLE', 'info'],
  [15, 'DATA_LOSS', 'info'],
  [16, 'UNAUTHENTICATED', 'fail'],
];

/**
 * Texts that say more than their code: etcd gives both before it proposes anything. The first comes only to calls
 * that demand a leader (the interceptor answers, not the store), the second when too much waits to be applied.
 */
const definiteTexts = ['etcdserver: no leader', 'etcdserver: too many requests'];

/** Codes with which a member shows that it is there and fit: the request was at fault, not the member. */
const healthyCodes = new Set([0, 3, 5, 6, 7, 9, 11, 12, 16]);

export function outcomeOf(code: number, text = ''): Outcome {
  if (definiteTexts.some((definite) => text.includes(definite))) return 'fail';
  return outcomes[code]?.[2] ?? 'info';
}

/** An EtcdFailed is one call to one member that did not end well. It was tried once. */
export class EtcdFailed extends Error {
  override readonly name = 'EtcdFailed';
  readonly outcome: Outcome;

  constructor(
    readonly call: string,
    readonly member: string,
    readonly code: number,
    text: string,
    outcome: Outcome = outcomeOf(code, text),
  ) {
    super(`${call} at ${member}: ${outcomes[code]?.[1] ?? `code ${code}`}: ${text}`);
    this.outcome = outcome;
  }

  /** Nothing came within the limit, as from a black hole. */
  get silent(): boolean {
    return this.code === 4 || this.code === 1;
  }

  /** Another member may do better. */
  get memberUnfit(): boolean {
    return !healthyCodes.has(this.code);
  }
}
