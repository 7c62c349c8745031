import { describe, expect, test } from 'vitest';
import type { Cell, PromiseState, Result } from '../../harness/result.ts';
import { findings, repeatCommand, violationsElsewhere, violationsOf } from '../../reports/finding.ts';
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
  ])('the command is composed after %s', (command, ending) => {
    const { command: _, ...cell } = kept;
    expect(repeatCommand(cell, { ...base.manifest, command })).toBe(
      `npx faultline run steady --strategy lease-session --profile quick --seed 42${ending}`,
    );
  });

  test('violations of promises that differ in their grade are told apart; what none claims is not lost', () => {
    const read = base.cells.find((cell) => cell.verdict === 'broken')!.violations[0]!.operations[3]!;
    const stale = (grade: 'session' | 'eventual') => ({
      checker: 'bounded-staleness',
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
});
