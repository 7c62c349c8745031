import type { Violation } from './checker/checker.ts';
import type { FaultWindow, Operation } from './history/operation.ts';
import type { DriverSummary } from './load/driver.ts';
import type { OperationRow, PromiseVerdict } from './result.ts';
import type { Scenario } from './scenario.ts';
import type { Promised } from './service/strategy.ts';

/** More than this share of the due operations was never sent: the load was not the load that was asked for. */
const maxDroppedShare = 0.01;
/** The generator itself was late: its p99 from due to sent. */
const maxSendLagP99Ms = 250;

/** What a service must do in time: a machine that starves it can break these, whatever its strategy. */
const liveness: readonly Promised['guarantee'][] = ['progress', 'convergence', 'availability'];

/**
 * What a verdict becomes when the run is void. `kept` turns into `unknown`. A wrong answer that was seen stays a
 * violation, because no fault of the load generator or the machine can make a service answer wrongly; that something
 * did not happen in time is no evidence against a service which did not answer even before the faults.
 */
export function inVoidRun(verdict: PromiseVerdict, reason: string): PromiseVerdict {
  if (verdict.state === 'unknown') return verdict;
  if (verdict.state === 'broken' && !liveness.includes(verdict.promise.guarantee)) return verdict;
  return { ...verdict, state: 'unknown', reason, violations: 0 };
}

/**
 * What a verdict becomes when the machine starved the service: that something did not happen in time is then no
 * evidence. What was kept all the same was kept.
 */
export function inStarvedRun(verdict: PromiseVerdict, reason: string | undefined): PromiseVerdict {
  if (reason === undefined || verdict.state !== 'broken') return verdict;
  return inVoidRun(verdict, reason);
}

/** Whether a violation counts although the run is void; the checkers of liveness are called as what they guard. */
export function countsInVoidRun({ checker }: Pick<Violation, 'checker'>): boolean {
  return !liveness.some((guarantee) => guarantee === checker);
}

/** Why a run proves nothing, or null when it may be judged. The load's clock: it begins at 0. */
export function voidReason(run: {
  readonly scenario: Pick<Scenario, 'steadyOkShare' | 'workload'>;
  readonly load: DriverSummary;
  readonly operations: readonly Operation[];
  readonly faults: readonly Pick<FaultWindow, 'fromNs'>[];
  readonly rows: readonly OperationRow[];
}): string | null {
  const { scenario, load, rows } = run;
  if (load.offered === 0) return 'no operation was offered';
  if (load.dropped / load.offered > maxDroppedShare) {
    return `${load.dropped} of ${load.offered} due operations were never sent (limit ${percent(maxDroppedShare)}): lower the rate or raise maxInFlight`;
  }
  if (load.sendLagMs.p99 > maxSendLagP99Ms) {
    return `the load generator was late: p99 from due to sent ${Math.round(load.sendLagMs.p99)} ms (limit ${maxSendLagP99Ms} ms): the machine is too busy`;
  }
  const before = endedBefore(run.faults, run.operations);
  if (before.length === 0) return 'no operation ended before the faults';
  const okShare = before.filter(({ outcome }) => outcome === 'ok').length / before.length;
  if (okShare < scenario.steadyOkShare) {
    return `the steady state did not hold before the faults: ${percent(okShare)} of the operations ended ok, expected ${percent(scenario.steadyOkShare)}`;
  }
  for (const [kind, weight] of Object.entries(scenario.workload.mix)) {
    if (!weight) continue;
    const [f, detail] = kind.split(':');
    // Of the kinds of transactions the checkers know better than the rows which ones were seen.
    const grade = f === 'txn' ? undefined : detail;
    const succeeded = sum(
      rows.filter((row) => row.f === f && (grade === undefined || row.grade === grade)),
      (row) => row.outcomes.ok,
    );
    if (succeeded === 0) return `no ${kind} succeeded`;
  }
  return null;
}

/** What was under way when the first fault came it may have ended: that tells nothing of the time before. */
function endedBefore(
  faults: readonly Pick<FaultWindow, 'fromNs'>[],
  operations: readonly Operation[],
): readonly Operation[] {
  const firstNs = faults.reduce((first, { fromNs }) => Math.min(first, fromNs), Number.POSITIVE_INFINITY);
  return operations.filter(
    ({ final, dueNs, invokeNs, endedNs, returnNs }) =>
      !final && (dueNs ?? invokeNs) >= 0 && (endedNs ?? returnNs) < firstNs,
  );
}

function sum(rows: readonly OperationRow[], of: (row: OperationRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
