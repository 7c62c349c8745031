import { expect, test } from 'vitest';
import type { Cell, PromiseState, PromiseVerdict } from '../../harness/result.ts';
import { promisesPart } from '../../reports/html/promises.ts';
import { fixture } from './fixture.ts';

const [base] = fixture().cells;

function cell(strategy: string, scenario: string, ...promises: [text: string, state: PromiseState][]): Cell {
  const told = promises.map(
    ([text, state]): PromiseVerdict => ({
      promise: { guarantee: 'convergence' },
      text,
      state,
      operations: 10,
      violations: state === 'broken' ? 1 : 0,
    }),
  );
  return { ...base!, strategy, scenario, promises: told };
}

/** The table's rows as words. */
function rows(cells: readonly Cell[]): string[][] {
  const body = promisesPart(cells)!.text.split('<tbody>')[1]!.split('</tbody>')[0]!;
  return body
    .split('</tr>')
    .slice(0, -1)
    .map((row) => row.split(/<\/t[hd]>/).slice(0, -1))
    .map((row) => row.map((text) => text.replace(/<[^>]*>/g, '').trim()));
}

test('one row a promise, whatever its bound; what a strategy does not promise is said', () => {
  expect(
    rows([
      cell('a', 'steady', ['linearizable reads', 'kept'], ['at most 1000 ms stale', 'kept']),
      cell('b', 'steady', ['at most 250 ms stale', 'kept']),
    ]),
  ).toEqual([
    ['linearizable reads', '✓ kept', 'not promised'],
    ['at most … stale', '✓ kept 1000 ms', '✓ kept 250 ms'],
  ]);
});

test('of all scenarios the worst, whichever comes first', () => {
  const states: PromiseState[] = ['kept', 'broken', 'unknown'];
  for (const order of [states, states.toReversed()]) {
    const cells = order.map((state, i) => cell('a', `scenario-${i}`, ['x', state]));
    expect(rows([...cells, cell('b', 'steady', ['x', 'unknown'])])).toEqual([['x', '✗ broken', '? unknown']]);
  }
});

test('of one strategy its cells say it all', () => {
  expect(promisesPart([cell('a', 'steady', ['x', 'kept'])])).toBeNull();
});
