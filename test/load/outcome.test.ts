import { expect, test } from 'vitest';
import type { OperationFunction, Outcome } from '../../harness/history/operation.ts';
import { outcomeOfAnswer, outcomeOfSilence } from '../../harness/history/outcome.ts';

test.each<[OperationFunction, number, 'fail' | 'info' | undefined, Outcome]>([
  ['read', 200, undefined, 'ok'],
  ['read', 404, undefined, 'ok'],
  // A read has no effect, whatever the service says.
  ['read', 503, 'info', 'fail'],
  ['read', 504, undefined, 'fail'],
  ['read', 500, undefined, 'fail'],
  ['write', 200, undefined, 'ok'],
  ['write', 404, undefined, 'fail'],
  ['write', 400, undefined, 'fail'],
  ['write', 409, undefined, 'fail'],
  ['write', 408, undefined, 'info'],
  ['write', 503, 'fail', 'fail'],
  ['write', 503, 'info', 'info'],
  ['write', 503, undefined, 'info'],
  ['write', 504, undefined, 'info'],
  // The service knows best, also when a deadline passed before it began.
  ['write', 504, 'fail', 'fail'],
  ['write', 400, 'info', 'info'],
  ['write', 500, undefined, 'info'],
  // What the contract does not know proves nothing.
  ['write', 202, undefined, 'info'],
  ['write', 302, undefined, 'info'],
  ['cas', 200, undefined, 'ok'],
  ['cas', 409, undefined, 'ok'],
  ['cas', 404, undefined, 'fail'],
  ['cas', 503, undefined, 'info'],
  ['delete', 200, undefined, 'ok'],
  ['delete', 204, undefined, 'ok'],
  ['delete', 404, undefined, 'ok'],
  ['delete', 409, undefined, 'fail'],
  ['delete', 502, undefined, 'info'],
])('%s answered %d (said %s) is %s', (f, status, said, outcome) => {
  expect(outcomeOfAnswer(f, status, said)).toBe(outcome);
});

test.each<[OperationFunction, boolean, Outcome]>([
  ['read', true, 'fail'],
  ['read', false, 'fail'],
  ['write', true, 'info'],
  ['write', false, 'fail'],
  ['cas', true, 'info'],
  ['cas', false, 'fail'],
  ['delete', true, 'info'],
  ['delete', false, 'fail'],
])('%s without an answer, sent: %s, is %s', (f, sent, outcome) => {
  expect(outcomeOfSilence(f, sent)).toBe(outcome);
});
