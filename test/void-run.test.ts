import { describe, expect, test } from 'vitest';
import type { Operation } from '../harness/history/operation.ts';
import type { DriverSummary } from '../harness/load/driver.ts';
import type { OperationRow, PromiseState, PromiseVerdict } from '../harness/result.ts';
import type { Promised } from '../harness/service/strategy.ts';
import { countsInVoidRun, inStarvedRun, inVoidRun, voidReason } from '../harness/void-run.ts';
import { steady } from '../scenarios/steady.ts';

const scenario = {
  steadyOkShare: 0.99,
  workload: { ...steady.workload, mix: { 'read:session': 50, write: 50, cas: 0 } },
};

const load: DriverSummary = {
  offered: 1_000,
  sent: 1_000,
  ok: 990,
  fail: 5,
  info: 5,
  dropped: 0,
  sendLagMs: { p50: 0.5, p99: 5, max: 20 },
  fromNs: 0,
  toNs: 1e9,
};

function row(
  f: OperationRow['f'],
  grade: OperationRow['grade'],
  ok: number,
  fail = 0,
  phase: OperationRow['phase'] = 'before',
): OperationRow {
  return {
    phase,
    f,
    ...(grade && { grade }),
    outcomes: { ok, fail, info: 0 },
    fromDueMs: null,
    fromSendMs: null,
  };
}

const rows = [row('read', 'session', 500), row('write', undefined, 495, 5)];

/** Operations of 1 ms, one every 10 ms from fromMs on. */
function operations(fromMs: number, ok: number, fail = 0, more: Partial<Operation> = {}): Operation[] {
  return Array.from({ length: ok + fail }, (_, i) => ({
    process: 1,
    key: 'k',
    f: 'write' as const,
    value: i,
    outcome: i < ok ? ('ok' as const) : ('fail' as const),
    invokeNs: (fromMs + i * 10) * 1e6,
    returnNs: (fromMs + i * 10 + 1) * 1e6,
    ...more,
  }));
}

function reason(change: {
  load?: Partial<DriverSummary>;
  rows?: readonly OperationRow[];
  operations?: readonly Operation[];
  faultsMs?: readonly number[];
}): string | null {
  return voidReason({
    scenario,
    load: { ...load, ...change.load },
    operations: change.operations ?? operations(0, 995, 5),
    faults: (change.faultsMs ?? []).map((fromMs) => ({ fromNs: fromMs * 1e6 })),
    rows: change.rows ?? rows,
  });
}

describe('voidReason', () => {
  test.each<[what: string, change: Parameters<typeof reason>[0], expected: RegExp | null]>([
    ['a run as it should be', {}, null],
    ['ten of a thousand dropped', { load: { dropped: 10 } }, null],
    [
      'eleven of a thousand dropped',
      { load: { dropped: 11 } },
      /11 of 1000 due operations were never sent \(limit 1.0 %\)/,
    ],
    [
      'a late generator',
      { load: { sendLagMs: { p50: 1, p99: 251, max: 300 } } },
      /p99 from due to sent 251 ms \(limit 250 ms\)/,
    ],
    ['no load', { load: { offered: 0 } }, /no operation was offered/],
    [
      'no steady state',
      { operations: operations(0, 980, 20) },
      /98.0 % of the operations ended ok, expected 99.0 %/,
    ],
    [
      'what fails during the fault is no matter',
      { operations: [...operations(0, 99), ...operations(1_000, 0, 400)], faultsMs: [4_000, 1_000] },
      null,
    ],
    [
      'nor what was under way when the fault came',
      {
        operations: [
          ...operations(0, 99),
          ...operations(990, 0, 5, { returnNs: 1_020e6 }),
          ...operations(990, 0, 5, { outcome: 'info', returnNs: Number.POSITIVE_INFINITY, endedNs: 1_020e6 }),
        ],
        faultsMs: [1_000],
      },
      null,
    ],
    [
      'what was given up before the fault came',
      {
        operations: [
          ...operations(0, 90),
          ...operations(0, 0, 5, { outcome: 'info', returnNs: Number.POSITIVE_INFINITY, endedNs: 900e6 }),
        ],
        faultsMs: [1_000],
      },
      /94.7 % of the operations ended ok/,
    ],
    [
      'what failed while warming up',
      { operations: [...operations(-500, 0, 20), ...operations(0, 99)], faultsMs: [1_000] },
      null,
    ],
    [
      'nothing before the faults',
      { operations: operations(10, 5), faultsMs: [0] },
      /no operation ended before the faults/,
    ],
    [
      'a kind that never succeeded',
      { rows: [row('read', 'session', 1_000), row('write', undefined, 0, 2)] },
      /no write succeeded/,
    ],
    [
      'a grade that never succeeded',
      { rows: [row('read', 'eventual', 500), row('write', undefined, 500)] },
      /no read:session succeeded/,
    ],
  ])('%s', (_, change, expected) => {
    if (expected === null) expect(reason(change)).toBeNull();
    else expect(reason(change)).toMatch(expected);
  });
});

describe('a verdict in a void run', () => {
  const linearizable: Promised = { guarantee: 'linearizable' };
  const progress: Promised = { guarantee: 'progress', withinMs: 100 };
  const convergence: Promised = { guarantee: 'convergence' };
  const verdict = (promise: Promised, state: PromiseState): PromiseVerdict => ({
    promise,
    text: '',
    state,
    operations: 10,
    violations: state === 'broken' ? 3 : 0,
    ...(state === 'unknown' && { reason: 'as it was' }),
  });

  test.each<
    [
      what: string,
      promise: Promised,
      state: PromiseState,
      expected: PromiseState,
      violations: number,
      reason?: string,
    ]
  >([
    ['what was kept is unknown', linearizable, 'kept', 'unknown', 0, 'void'],
    ['a wrong answer stays wrong', linearizable, 'broken', 'broken', 3],
    ['what was unknown keeps its reason', linearizable, 'unknown', 'unknown', 0, 'as it was'],
    ['a service that was starved is not accused of being late', progress, 'broken', 'unknown', 0, 'void'],
    ['nor of not yet agreeing', convergence, 'broken', 'unknown', 0, 'void'],
  ])('%s', (_, promise, state, expected, violations, reason) => {
    expect(inVoidRun(verdict(promise, state), 'void')).toMatchObject({
      state: expected,
      violations,
      ...(reason && { reason }),
    });
  });

  test.each<
    [
      what: string,
      promise: Promised,
      state: PromiseState,
      starved: string | undefined,
      expected: PromiseState,
    ]
  >([
    [
      'a service that was given no core is not accused of being late',
      progress,
      'broken',
      'too busy',
      'unknown',
    ],
    ['one that was given its cores is', progress, 'broken', undefined, 'broken'],
    ['what it kept all the same is kept', progress, 'kept', 'too busy', 'kept'],
    ['a wrong answer is wrong on any machine', linearizable, 'broken', 'too busy', 'broken'],
  ])('%s', (_, promise, state, starved, expected) => {
    expect(inStarvedRun(verdict(promise, state), starved)).toMatchObject({ state: expected });
  });

  test('violations count as their promise does', () => {
    expect(
      ['linearizability', 'progress', 'convergence', 'staleness'].map((checker) =>
        countsInVoidRun({ checker }),
      ),
    ).toEqual([true, false, false, true]);
  });
});
