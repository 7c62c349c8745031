import type { DriverSummary } from './load/driver.ts';
import type { OperationRow, Phase } from './result.ts';
import type { Scenario } from './scenario.ts';

/** More than this share of the due operations was never sent: the load was not the load that was asked for. */
const maxDroppedShare = 0.01;
/** The generator itself was late: its p99 from due to sent. */
const maxSendLagP99Ms = 250;

/**
 * Why a run proves nothing, or null when it may be judged. A void run turns `kept` into `unknown`; a violation that
 * was seen stays a violation, because no fault of the load generator can make a service answer wrongly.
 */
export function voidReason(run: {
  readonly scenario: Pick<Scenario, 'steadyOkShare' | 'workload'>;
  readonly load: DriverSummary;
  readonly phases: readonly Phase[];
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
  const before = rows.filter((row) => row.phase === 'before');
  const total = sum(before, (row) => row.outcomes.ok + row.outcomes.fail + row.outcomes.info);
  const ok = sum(before, (row) => row.outcomes.ok);
  if (total === 0) return 'no operation ended before the faults';
  if (ok / total < scenario.steadyOkShare) {
    return `the steady state did not hold before the faults: ${percent(ok / total)} of the operations ended ok, expected ${percent(scenario.steadyOkShare)}`;
  }
  for (const [kind, weight] of Object.entries(scenario.workload.mix)) {
    if (!weight) continue;
    const [f, grade] = kind.split(':');
    const succeeded = sum(
      rows.filter((row) => row.f === f && (grade === undefined || row.grade === grade)),
      (row) => row.outcomes.ok,
    );
    if (succeeded === 0) return `no ${kind} succeeded`;
  }
  return null;
}

function sum(rows: readonly OperationRow[], of: (row: OperationRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
