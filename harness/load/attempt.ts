import type { Grade, Operation, Outcome } from '../history/operation.ts';
import { outcomeOfAnswer } from '../history/outcome.ts';
import {
  type ContractAnswer,
  type ContractRequest,
  deleteRequest,
  readRequest,
  revisionOf,
  transactionRequest,
  writeRequest,
} from '../service/http-contract.ts';
import type { LogicalProcess } from './logical-process.ts';
import type { PlannedOperation } from './operations.ts';
import {
  keysWritten,
  stepsAsked,
  type TransactionAttempt,
  type TransactionEnd,
  transactionAttempt,
  transactionEnd,
} from './transactions.ts';

/**
 * An Attempt is a planned operation as one process sends it. It becomes one Operation of the history:
 *
 *   PlannedOperation --attemptOf--> Attempt --requestOf--> HTTP --endOf--> End, and learn for the process
 */
export interface Attempt {
  readonly f: 'read' | 'write' | 'cas' | 'delete' | 'txn';
  readonly key: string;
  readonly grade?: Grade;
  /** As an Operation has it: written value, [from, to] of a cas, steps of a txn, null of a read or delete. */
  readonly value: unknown;
  /** cas only: the revision that stands for `from`. */
  readonly expectedRevision?: number;
  /** txn only. */
  readonly transaction?: TransactionAttempt;
}

/** What an answer makes of an attempt, in the words of an Operation. */
export type End = Pick<
  Operation,
  'outcome' | 'value' | 'swapped' | 'revision' | 'fence' | 'source' | 'cache' | 'staleMs' | 'error'
> & { readonly learned?: TransactionEnd['learned'] };

/**
 * A cas needs a revision whose value is known. A process that has none of the key yet reads it instead, and the
 * history says so: a read of grade linearizable. The next cas of the key by this process compares on what it saw.
 */
export function attemptOf(planned: PlannedOperation, process: LogicalProcess): Attempt {
  const { kind, key, value } = planned;
  switch (kind) {
    case 'write':
      return { f: 'write', key, value };
    case 'delete':
      return { f: 'delete', key, value: null };
    case 'cas': {
      const known = process.known.get(key);
      if (!known) return readAttempt(key, 'linearizable');
      return { f: 'cas', key, value: [known.value, value], expectedRevision: known.revision };
    }
    case 'read:linearizable':
      return readAttempt(key, 'linearizable');
    case 'read:session':
      return readAttempt(key, 'session');
    case 'read:eventual':
      return readAttempt(key, 'eventual');
    default:
      return txnAttempt(transactionAttempt(planned.transaction!, process.knownToAll));
  }
}

export function txnAttempt(transaction: TransactionAttempt): Attempt {
  return { f: 'txn', key: '', value: stepsAsked(transaction), transaction };
}

export function readAttempt(key: string, grade: Grade): Attempt {
  return { f: 'read', key, grade, value: null };
}

export function requestOf(attempt: Attempt): ContractRequest {
  switch (attempt.f) {
    case 'read':
      return readRequest(attempt.key, attempt.grade!);
    case 'write':
      return writeRequest(attempt.key, attempt.value);
    case 'cas':
      return writeRequest(attempt.key, (attempt.value as [unknown, unknown])[1], attempt.expectedRevision);
    case 'delete':
      return deleteRequest(attempt.key);
    case 'txn':
      return transactionRequest(attempt.transaction!.request);
  }
}

export function endOf(attempt: Attempt, answer: ContractAnswer): End {
  const { status, said } = answer;
  const outcome = outcomeOfAnswer(attempt.f, status, said);
  if (outcome !== 'ok') return end(attempt, outcome, { answer, error: String(status) });
  const revision = revisionOf(answer);
  if (attempt.f === 'txn') {
    const ended = transactionEnd(attempt.transaction!, answer);
    // Something was done, but what? What wrote nothing has done nothing.
    const unclear = keysWritten(attempt.transaction!).length > 0 ? 'info' : 'fail';
    if (ended === undefined) return end(attempt, unclear, { answer, error: 'bad-body' });
    const { steps, succeeded, learned } = ended;
    return { ...end(attempt, 'ok', { answer, value: steps, swapped: succeeded, revision }), learned };
  }
  if (attempt.f === 'cas') {
    // The revision of a 409 belongs to some other write: it says nothing of this one.
    if (status === 409) return end(attempt, 'ok', { answer, swapped: false });
    return end(attempt, 'ok', { answer, swapped: true, revision });
  }
  if (attempt.f === 'read' && status !== 404) {
    // An answer about another key counts as one about this key: values are unique, so the checkers see that it is none.
    const value = answer.body?.value;
    if (value === undefined) return end(attempt, 'fail', { answer, error: 'bad-body' });
    return end(attempt, 'ok', { answer, value, revision });
  }
  return end(attempt, 'ok', { answer, revision });
}

/** The end of an attempt that brought no answer. */
export function lost(attempt: Attempt, outcome: Outcome, error: string): End {
  return end(attempt, outcome, { error });
}

function end(
  attempt: Attempt,
  outcome: Outcome,
  known: { answer?: ContractAnswer; value?: unknown; swapped?: boolean; revision?: number; error?: string },
): End {
  // A read that did not complete has no value; of a write it stays known what was asked. (A read's own is null.)
  const asked = attempt.f === 'read' && outcome !== 'ok' ? undefined : attempt.value;
  return {
    outcome,
    value: known.value ?? asked,
    swapped: known.swapped,
    revision: known.revision,
    // Only what was written was let through under it.
    fence:
      attempt.f === 'read' || outcome !== 'ok' || known.swapped === false ? undefined : known.answer?.fence,
    source: known.answer?.source,
    cache: known.answer?.cache,
    staleMs: known.answer?.staleMs,
    error: known.error,
  };
}

/**
 * What the process knows of the key from now on. Only pairs that one answer showed together are kept: a wrong
 * pair would make the checker see a lost update where there was none.
 */
export function learn(
  process: LogicalProcess,
  attempt: Attempt,
  end: End,
  sessionToken: string | undefined,
): void {
  if (sessionToken !== undefined) process.sessionToken = sessionToken;
  if (end.outcome !== 'ok') return;
  if (attempt.f === 'txn') {
    for (const { key, value, revision } of end.learned ?? []) {
      // Accounts are compared by their values; a list whose revision was not told has to be read again.
      if (revision !== undefined) process.knownToAll.set(key, { value, revision });
      else process.knownToAll.forget(key);
    }
    return;
  }
  const { key } = attempt;
  const value = attempt.f === 'cas' ? (attempt.value as [unknown, unknown])[1] : end.value;
  if (end.swapped === false) process.known.forget(key);
  else if (value === null) process.known.set(key, { value: null, revision: 0 });
  else if (end.revision !== undefined && end.revision > 0)
    process.known.set(key, { value, revision: end.revision });
  else process.known.forget(key);
}
