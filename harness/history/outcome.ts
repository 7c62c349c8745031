import type { OperationFunction, Outcome } from './operation.ts';

/**
 * How operations end, sorted once, here. The rule behind each line: `fail` needs proof that nothing happened, and
 * whatever is not proved either way is `info`. A read has no effect, so one that brought no answer is a `fail`.
 */

/** [function, statuses, outcome]; the first line that fits counts. */
const answered: readonly (readonly [OperationFunction, readonly number[], Outcome])[] = [
  ['read', [200], 'ok'],
  // There is no such key: that is an answer.
  ['read', [404], 'ok'],
  ['write', [200], 'ok'],
  ['append', [200], 'ok'],
  ['txn', [200], 'ok'],
  ['cas', [200], 'ok'],
  // The compare did not hold: an observation (ok with swapped false), not a failure.
  ['cas', [409], 'ok'],
  ['delete', [200, 204], 'ok'],
  // Already gone.
  ['delete', [404], 'ok'],
];

/**
 * The outcome of an operation that got an HTTP answer. `said` is the service's own word (header X-Outcome): it
 * alone knows whether its write to the store can still happen, and a false word is what the checkers are for.
 */
export function outcomeOfAnswer(f: OperationFunction, status: number, said?: 'fail' | 'info'): Outcome {
  const line = answered.find(([of, statuses]) => of === f && statuses.includes(status));
  if (line) return line[2];
  if (f === 'read') return 'fail';
  if (said !== undefined) return said;
  // 4xx: refused before anything was done, apart from 408, which tells of waiting. 5xx and the rest prove nothing.
  return status >= 400 && status < 500 && status !== 408 ? 'fail' : 'info';
}

/**
 * The outcome of an operation that got no HTTP answer: connection refused or broken, or a deadline. What was
 * never written to a socket certainly did not happen; of what was, even in part, nothing is known.
 */
export function outcomeOfSilence(f: OperationFunction, sent: boolean): Outcome {
  return f === 'read' || !sent ? 'fail' : 'info';
}
