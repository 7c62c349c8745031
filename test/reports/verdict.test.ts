import { describe, expect, test } from 'vitest';
import type { Grade, Operation } from '../../harness/history/operation.ts';
import { judge } from '../../harness/judge.ts';
import type { Cell, PromiseState, Result } from '../../harness/result.ts';
import type { Promised } from '../../harness/service/strategy.ts';
import { findings, repeatCommand, violationsElsewhere, violationsOf } from '../../reports/finding.ts';
import { renderJunit } from '../../reports/junit.ts';
import { cellState, type State, tally } from '../../reports/verdict.ts';
import { fixture } from './fixture.ts';

const base = fixture();
const kept = base.cells[0]!;

function withStates(verdict: State, ...states: PromiseState[]): Cell {
  return {
    ...kept,
    verdict,
    promises: states.map((state) => ({
      ...kept.promises[0]!,
      state,
      violations: state === 'broken' ? 1 : 0,
    })),
  };
}

function resultOf(cells: readonly Cell[], more: Partial<Result['manifest']> = {}): Result {
  return { schemaVersion: 1, manifest: { ...base.manifest, ...more }, cells };
}

describe('a cell is never better than its worst promise', () => {
  test.each<[State, PromiseState[], State]>([
    ['kept', ['kept', 'kept'], 'kept'],
    ['kept', ['kept', 'unknown'], 'unknown'],
    ['kept', ['unknown', 'broken'], 'broken'],
    ['unknown', ['kept'], 'unknown'],
    ['unknown', ['broken'], 'broken'],
    ['error', ['kept'], 'error'],
    ['error', [], 'error'],
    ['kept', [], 'kept'],
  ])('%s with %j is %s', (verdict, states, state) => {
    expect(cellState(withStates(verdict, ...states))).toBe(state);
  });

  test('a promise with a violation is broken, whatever is said beside it', () => {
    const cell = {
      ...kept,
      promises: [{ ...kept.promises[0]!, state: 'kept' as const, violations: 1 }],
    };
    expect(cellState(cell)).toBe('broken');
  });
});

describe('the run as a whole', () => {
  const good = withStates('kept', 'kept', 'kept');
  const bad = withStates('broken', 'kept', 'broken');
  const open = withStates('unknown', 'kept', 'unknown');
  const failed = withStates('error');
  test.each<[string, Result, State, string]>([
    ['all kept', resultOf([good, good]), 'kept', 'All 4 promises kept.'],
    ['one kept', resultOf([withStates('kept', 'kept')]), 'kept', 'All 1 promise kept.'],
    ['one broken', resultOf([good, bad]), 'broken', 'Broken: 1 of 4 promises.'],
    ['one unknown', resultOf([good, open]), 'unknown', 'Unknown: 1 of 4 promises could not be judged.'],
    ['an error', resultOf([good, failed]), 'error', 'The harness or its environment broke in 1 cell.'],
    ['broken outweighs an error', resultOf([failed, bad]), 'broken', 'Broken: 1 of 2 promises.'],
    [
      'an error outweighs unknown',
      resultOf([failed, open]),
      'error',
      'The harness or its environment broke in 1 cell.',
    ],
    ['no cell', resultOf([]), 'unknown', 'Unknown: nothing was judged.'],
    [
      'cut short, although all that was judged was kept',
      resultOf([good], { interrupted: true }),
      'unknown',
      'Unknown: the run was cut short. What was judged was kept: 2 promises.',
    ],
    [
      'cut short and broken',
      resultOf([bad], { interrupted: true }),
      'broken',
      'Broken: 1 of 2 promises. The run was cut short.',
    ],
    [
      'nothing promised',
      resultOf([withStates('kept')]),
      'kept',
      'Nothing was promised, so nothing was broken.',
    ],
    [
      'saturation alone',
      { ...resultOf([]), saturation: [{ ...base.saturation![0]!, state: 'kept' }] },
      'kept',
      'No promise was broken in 1 saturation run.',
    ],
    [
      'saturation broke',
      { ...resultOf([good]), saturation: [{ ...base.saturation![0]!, state: 'broken' }] },
      'broken',
      'Broken: 1 saturation run.',
    ],
    [
      'saturation unknown',
      { ...resultOf([good]), saturation: [{ ...base.saturation![0]!, state: 'unknown' }] },
      'unknown',
      'Unknown: 1 saturation run could not be judged.',
    ],
  ])('%s', (_, result, state, headline) => {
    expect(tally(result)).toMatchObject({ state, headline });
  });
});

describe('findings', () => {
  test('the worst first, each with its first words and the command that shows it again', () => {
    expect(
      findings(base).map(({ cell, state, what, violations, command }) => [
        `${cell.scenario}/${cell.strategy}`,
        state,
        what,
        violations.length,
        command,
      ]),
    ).toEqual([
      [
        'leader-partition/write-behind',
        'broken',
        'no acknowledged write is lost',
        2,
        'npx faultline run leader-partition --strategy write-behind --profile quick --seed 42',
      ],
      [
        'peer-latency/lease-session',
        'error',
        'the harness or its environment broke',
        0,
        'npx faultline run peer-latency --strategy lease-session --profile quick --seed 42',
      ],
      [
        'peer-latency/consistency-routing',
        'unknown',
        'linearizable reads and writes',
        0,
        'npx faultline run peer-latency --strategy consistency-routing --profile quick --seed 42',
      ],
    ]);
  });

  test.each([
    ['npx faultline run steady --seed 1', ''],
    ['npx faultline run steady --members 5', ' --members 3'],
    ['npx faultline run --members=5 --rate 200', ' --members 3 --rate 400'],
    ['npx faultline run soak --duration 4h --seed 1', ' --duration 4h'],
    ['npx faultline run --no-pre-vote --snapshot-count 100', ' --no-pre-vote --snapshot-count 100'],
  ])('the command is composed after %s', (command, ending) => {
    const { command: _, ...cell } = kept;
    expect(repeatCommand(cell, { ...base.manifest, command })).toBe(
      `npx faultline run steady --strategy lease-session --profile quick --seed 42${ending}`,
    );
  });

  test('violations of promises that differ in their grade are told apart; what none claims is not lost', () => {
    const read = base.cells.find((cell) => cell.verdict === 'broken')!.violations[0]!.operations[3]!;
    const stale = (grade: 'session' | 'eventual') => ({
      checker: 'staleness',
      summary: grade,
      atNs: 0,
      operations: [{ ...read, grade }],
    });
    const other = { checker: 'watch-order', summary: 'an event came twice', atNs: 0, operations: [] };
    const promise = (grade: 'session' | 'eventual') => ({
      ...kept.promises[0]!,
      promise: { guarantee: 'bounded-staleness' as const, grade, maxStaleMs: 1 },
    });
    const cell: Cell = {
      ...kept,
      promises: [promise('session'), promise('eventual')],
      violations: [stale('session'), stale('eventual'), other],
    };
    expect(violationsOf(cell.promises[0]!, cell).map((one) => one.summary)).toEqual(['session']);
    expect(violationsOf(cell.promises[1]!, cell).map((one) => one.summary)).toEqual(['eventual']);
    expect(violationsElsewhere(cell)).toEqual([other]);
  });

  test('the real checkers are known by the names that they give themselves', () => {
    const second = 1e9;
    const at = (process: number, more: Partial<Operation>): Operation => ({
      process,
      f: 'write',
      key: 'k',
      value: 1,
      outcome: 'ok',
      instance: 's1',
      invokeNs: 0,
      returnNs: second,
      ...more,
    });
    const read = (grade: Grade, more: Partial<Operation>) =>
      at(2, { f: 'read', grade, invokeNs: 9 * second, returnNs: 10 * second, ...more });
    const history = {
      faults: [{ nemesis: 'n', sentence: 's', targets: [], fromNs: 0, toNs: 11 * second }],
      operations: [
        at(1, { f: 'cas', value: [0, 1], key: 'p' }),
        ...[13, 14, 15, 16].map((s) =>
          at(1, {
            f: 'cas',
            value: [1, s],
            key: 'p',
            outcome: 'fail',
            invokeNs: s * second,
            returnNs: (s + 0.5) * second,
          }),
        ),
        at(1, { value: 1, key: 'l' }),
        at(1, { value: 2, key: 'l', invokeNs: 2 * second, returnNs: 3 * second }),
        read('linearizable', {
          key: 'l',
          value: 1,
          invokeNs: 20 * second,
          returnNs: 21 * second,
          final: true,
        }),
        at(1, { value: 1 }),
        at(2, { value: 2, invokeNs: 2 * second, returnNs: 3 * second }),
        ...(['linearizable', 'session', 'eventual'] as const).flatMap((grade, i) => [
          read(grade, { value: 2, invokeNs: (4 + i) * second, returnNs: (4.5 + i) * second }),
          read(grade, { value: 1, invokeNs: (8 + i) * second, returnNs: (8.5 + i) * second }),
          read(grade, { value: 1, invokeNs: 20 * second, returnNs: 21 * second, final: true }),
          read(grade, {
            value: 2,
            invokeNs: 20 * second,
            returnNs: 21 * second,
            final: true,
            instance: 's2',
          }),
        ]),
      ],
    };
    const promises: Promised[] = [
      { guarantee: 'linearizable' },
      { guarantee: 'no-lost-writes', order: 'real-time' },
      { guarantee: 'convergence' },
      { guarantee: 'progress', withinMs: 1_000 },
      ...(['session', 'eventual'] as const).flatMap((grade): Promised[] => [
        { guarantee: 'bounded-staleness', grade, maxStaleMs: 100 },
        { guarantee: 'read-your-writes', grade },
        { guarantee: 'monotonic-reads', grade },
      ]),
    ];
    const judged = judge(history, promises);
    const cell: Cell = { ...kept, promises: judged.verdicts, violations: judged.violations };
    const broken = judged.verdicts.filter((verdict) => verdict.state === 'broken');
    expect(new Set(broken.map(({ promise }) => promise.guarantee))).toEqual(
      new Set(promises.map(({ guarantee }) => guarantee)),
    );
    for (const promise of broken)
      expect(violationsOf(promise, cell), promise.text).toHaveLength(promise.violations);
    expect(violationsElsewhere(cell)).toEqual([]);
  });

  test('what one cause left unjudged is told once, and still fails in JUnit promise by promise', () => {
    const spoiled = { ...withStates('error', 'unknown', 'unknown'), reason: 'm2 did not become ready' };
    const { command: _, ...more } = withStates('unknown', 'unknown', 'kept', 'unknown');
    const cut = {
      ...more,
      promises: more.promises.map((promise) =>
        promise.state === 'unknown' ? { ...promise, reason: 'the run was interrupted' } : promise,
      ),
    };
    const result = resultOf([spoiled, cut]);
    expect(findings(result).map(({ state, what, reason }) => [state, what, reason])).toEqual([
      ['error', 'the harness or its environment broke', 'm2 did not become ready'],
      ['unknown', `${cut.promises[0]!.text}, and 1 other promise`, 'the run was interrupted'],
    ]);
    expect(renderJunit(result)).toContain('<testsuites name="faultline" tests="6" failures="0" errors="5"');
  });
});
