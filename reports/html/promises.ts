import type { Cell, PromiseState } from '../../harness/result.ts';
import { promiseState } from '../verdict.ts';
import { html, type Markup } from './markup.ts';
import { stateWord, table } from './part.ts';

/** From best to worst. */
const order: readonly PromiseState[] = ['kept', 'unknown', 'broken'];

/** What a strategy promised in one row, and the worst that became of it in any scenario. */
interface Promised {
  readonly bound: string | null;
  readonly state: PromiseState;
}

/**
 * Who promises what: "5 of 5 kept" beside "8 of 8 kept" does not say which three were never promised, and that is what
 * one chooses by. The bound of a promise (1000 ms) stands in its cell, so that a promise with another bound is the same row.
 */
export function promisesPart(cells: readonly Cell[]): Markup | null {
  const strategies = [...new Set(cells.map((cell) => cell.strategy))];
  if (strategies.length < 2) return null;
  const rows = new Map<string, Map<string, Promised>>();
  for (const cell of cells) {
    for (const promise of cell.promises) {
      const bound = /\d+ ms/.exec(promise.text)?.[0] ?? null;
      const kind = bound === null ? promise.text : promise.text.replace(bound, '…');
      const row = rows.get(kind) ?? new Map<string, Promised>();
      rows.set(kind, row);
      const states = [row.get(cell.strategy)?.state ?? 'kept', promiseState(promise)] as const;
      row.set(cell.strategy, {
        bound,
        state: states[order.indexOf(states[0]) > order.indexOf(states[1]) ? 0 : 1],
      });
    }
  }
  return html`<section aria-labelledby="promises-title"><h2 id="promises-title">Who promises what</h2><div class="card">${table(
    'Promises of every strategy, and the worst that became of each in any scenario',
    [{ heading: 'promise' }, ...strategies.map((strategy) => ({ heading: strategy }))],
    [...rows].map(([kind, row]) => [
      kind,
      ...strategies.map((strategy) => {
        const promised = row.get(strategy);
        if (promised === undefined) return html`<span class="not-promised">not promised</span>`;
        return html`${stateWord(promised.state)}${promised.bound === null ? null : ` ${promised.bound}`}`;
      }),
    ]),
  )}</div><p class="key">Of all scenarios the worst. What is not promised is not judged.</p></section>`;
}
