import { availability } from './checker/availability.ts';
import { type Budget, type Checker, defaultBudget, type Verdict, type Violation } from './checker/checker.ts';
import { tellClosed } from './checker/close-open-writes.ts';
import { convergence } from './checker/convergence.ts';
import { duplicatedWrites } from './checker/duplicated-writes.ts';
import { fencing } from './checker/fencing.ts';
import { leaseTruth, tellNotices } from './checker/lease-truth.ts';
import { isLinearizableGrade, linearizability } from './checker/linearizability.ts';
import { lostWrites } from './checker/lost-writes.ts';
import { memberRevisions } from './checker/member-revisions.ts';
import { membersAgree } from './checker/members-agree.ts';
import { processHealth } from './checker/process-health.ts';
import { progress } from './checker/progress.ts';
import { resurrectedWrites } from './checker/resurrected-writes.ts';
import { monotonicReads, readYourWrites } from './checker/session.ts';
import { monotonicWrites, writesFollowReads } from './checker/session-writes.ts';
import { splitBrain } from './checker/split-brain.ts';
import { staleness } from './checker/staleness.ts';
import { stalenessInRevisions } from './checker/staleness-revisions.ts';
import { storesAgree } from './checker/stores-agree.ts';
import { bank } from './checker/transactions/bank.ts';
import { fracturedReads } from './checker/transactions/fractured-reads.ts';
import { listAppend } from './checker/transactions/list-append.ts';
import { memberWatches, serviceWatches, tellKnownIssues } from './checker/watch/watch.ts';
import type { WriteOrder } from './checker/write-order.ts';
import type { History } from './history/operation.ts';
import type { PromiseVerdict } from './result.ts';
import type { EnvironmentPromise, Promised } from './service/strategy.ts';

export interface Judged {
  readonly verdicts: readonly PromiseVerdict[];
  /** Of all broken promises, in their order. */
  readonly violations: readonly Violation[];
}

/** Holds a history against each promise. The budget is for each promise by itself. */
export function judge(
  history: History,
  promises: readonly Promised[],
  budget: Budget = defaultBudget,
): Judged {
  const order = writeOrder(promises);
  const violations: Violation[] = [];
  const verdicts = promises.map((promise): PromiseVerdict => {
    const verdict = missing(history, promise) ?? checkerFor(promise, order).check(history, budget);
    const found = verdict.valid === false ? verdict.violations : [];
    const note = noteOn(promise, history, found);
    violations.push(...found);
    return {
      promise,
      text: tellPromise(promise),
      state: verdict.valid === 'unknown' ? 'unknown' : verdict.valid ? 'kept' : 'broken',
      ...(verdict.valid === 'unknown' ? { reason: verdict.reason } : {}),
      ...(note === undefined ? {} : { note }),
      operations: verdict.operations,
      violations: found.length,
    };
  });
  return { verdicts, violations };
}

/** What the verdict rests on, where a reader would wonder. */
function noteOn({ guarantee }: Promised, history: History, found: readonly Violation[]): string | undefined {
  if (guarantee === 'watch' || guarantee === 'member-watches') return tellKnownIssues(found, history);
  if (guarantee === 'lease-truth') return tellNotices(history);
  return guarantee === 'linearizable' ? tellClosed(history) : undefined;
}

/** Of the members, in every run. */
export const environmentPromises: readonly EnvironmentPromise[] = [
  { guarantee: 'members-agree' },
  { guarantee: 'member-revisions' },
  { guarantee: 'no-split-brain' },
  { guarantee: 'process-health' },
];

function checkerFor(promise: Promised, order: WriteOrder): Checker {
  switch (promise.guarantee) {
    case 'linearizable':
      // Transactions are over keys of their own, and have promises of their own.
      return linearizability({ takesPart: (one) => one.f !== 'txn' && isLinearizableGrade(one) });
    case 'no-lost-writes':
      return lostWrites(promise.order);
    case 'bounded-staleness':
      return staleness({ grade: promise.grade, maxStaleMs: promise.maxStaleMs, order });
    case 'read-your-writes':
      return readYourWrites({ grade: promise.grade, order });
    case 'monotonic-reads':
      return monotonicReads({ grade: promise.grade, order });
    case 'monotonic-writes':
      return monotonicWrites(promise.order);
    case 'writes-follow-reads':
      return writesFollowReads(promise.grade);
    case 'bounded-revisions':
      return stalenessInRevisions({ grade: promise.grade, maxRevisions: promise.maxRevisions, order });
    case 'no-duplicated-writes':
      return duplicatedWrites;
    case 'no-resurrected-writes':
      return resurrectedWrites(promise.order);
    case 'fencing':
      return fencing(promise.scope);
    case 'lease-truth':
      return leaseTruth;
    case 'availability':
      return availability({ grade: promise.grade, okShare: promise.okShare });
    case 'members-agree':
      return membersAgree;
    case 'member-revisions':
      return memberRevisions;
    case 'no-split-brain':
      return splitBrain;
    case 'process-health':
      return processHealth;
    case 'member-watches':
      return memberWatches;
    case 'watch':
      return serviceWatches(['filter', 'ordered', 'unique', 'resumable', 'reliable']);
    case 'strict-serializability':
      return listAppend();
    case 'atomic-visibility':
      return fracturedReads;
    case 'kept-sums':
      return bank();
    case 'convergence':
      return convergence;
    case 'stores-agree':
      return storesAgree;
    case 'progress':
      return progress(promise.withinMs);
  }
}

/**
 * What the other checkers may conclude from the clock. Only who promises an order of writes over all instances, or
 * counts how long ago a value was overwritten, has promised that an acknowledgement before a sending shows the order:
 * a service in which the last of two concurrent writers wins by other rules breaks no session guarantee by it.
 */
function writeOrder(promises: readonly Promised[]): WriteOrder {
  if (promises.some(({ guarantee }) => guarantee === 'linearizable')) return 'real-time';
  for (const promise of promises) if (promise.guarantee === 'no-lost-writes') return promise.order;
  return promises.some(({ guarantee }) => guarantee === 'bounded-staleness') ? 'real-time' : 'per-instance';
}

/** Writes alone break no register, but a run in which nothing was read has not shown that the promise is kept. */
function missing({ operations }: History, { guarantee }: Promised): Verdict | undefined {
  if (guarantee !== 'linearizable') return undefined;
  const reads = operations.some(
    (one) => one.f === 'read' && one.outcome === 'ok' && isLinearizableGrade(one),
  );
  if (!reads) return { valid: 'unknown', operations: 0, reason: 'no linearizable read succeeded' };
  const writes = operations.some((one) => one.f !== 'read' && one.outcome === 'ok');
  if (!writes) return { valid: 'unknown', operations: 0, reason: 'no write was acknowledged' };
  return undefined;
}

/** A promise in words, as reports show it. */
export function tellPromise(promise: Promised): string {
  switch (promise.guarantee) {
    case 'linearizable':
      return 'linearizable reads and writes';
    case 'no-lost-writes':
      return promise.order === 'real-time'
        ? 'no acknowledged write is lost'
        : 'no acknowledged write is lost among those of one instance';
    case 'bounded-staleness':
      return `${promise.grade} reads at most ${promise.maxStaleMs} ms stale, unless marked`;
    case 'read-your-writes':
      return `${promise.grade} reads see the process's own writes`;
    case 'monotonic-reads':
      return `${promise.grade} reads never go back`;
    case 'monotonic-writes':
      return 'the writes of a process take effect in its order';
    case 'writes-follow-reads':
      return `writes take effect after what ${promise.grade} reads had shown before them`;
    case 'bounded-revisions':
      return promise.maxRevisions === 0
        ? `${promise.grade} reads lack no acknowledged write, unless marked`
        : `${promise.grade} reads lack at most ${promise.maxRevisions} acknowledged writes, unless marked`;
    case 'no-duplicated-writes':
      return 'no write is carried out twice';
    case 'no-resurrected-writes':
      return 'what was overwritten stays gone';
    case 'fencing':
      return promise.scope === 'key'
        ? 'no write of a key under an older fencing token'
        : 'no write of an instance under an older lease, or one that had ended';
    case 'lease-truth':
      return 'no instance believes in a lease that the server has let go';
    case 'availability':
      return `${promise.okShare * 100} % of the ${promise.grade} reads are answered by instances that are left alone`;
    case 'members-agree':
      return 'etcd: all members have the same keys as of one revision';
    case 'member-revisions':
      return 'etcd: no revision that a member shows ever falls';
    case 'no-split-brain':
      return 'etcd: one leader a term, one content a revision';
    case 'process-health':
      return 'etcd: no member panics, logs something fatal or ends by itself';
    case 'member-watches':
      return 'etcd: watchers of every kind are told everything once, in order and as it happened';
    case 'watch':
      return 'watches miss nothing, repeat nothing and keep the order';
    case 'strict-serializability':
      return 'transactions over several keys happen one after the other, by the clock';
    case 'atomic-visibility':
      return 'a transaction is seen whole or not at all';
    case 'kept-sums':
      return 'transfers between keys keep their sum';
    case 'convergence':
      return 'all instances agree in the end';
    case 'stores-agree':
      return 'etcd, the primary and the replica have the same in the end';
    case 'progress':
      return `works again within ${promise.withinMs} ms after the last fault`;
  }
}
