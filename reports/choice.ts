import type { Grade } from '../harness/history/operation.ts';
import type { Cell, PromiseVerdict } from '../harness/result.ts';
import { digest } from './digest.ts';
import { promiseState } from './verdict.ts';

/** What a reader needs of a strategy: a grade of reads, or that what was acknowledged stays. */
export type Need = Grade | 'durable';

export const needs: readonly { readonly need: Need; readonly words: string }[] = [
  { need: 'linearizable', words: 'Reads must show the newest write' },
  { need: 'session', words: 'A client must see its own writes, and never go back' },
  { need: 'eventual', words: 'Reads may be old, within a bound' },
  { need: 'durable', words: 'No acknowledged write may be lost' },
];

/** A Candidate is what one strategy made of one need, over all scenarios, and what it cost. */
export interface Candidate {
  readonly strategy: string;
  /** kept: in every scenario. absent: not promised, so nothing was judged. */
  readonly state: 'kept' | 'broken' | 'unknown' | 'absent';
  readonly violations: number;
  readonly cost: Cost;
}

/** What a strategy costs where nothing is broken: in the phases before the faults, over all scenarios. */
export interface Cost {
  /** Database queries for each operation. Null where the database was not counted. */
  readonly queriesPerOperation: number | null;
  /** From due. The median over the scenarios. */
  readonly p99Ms: number | null;
}

/** `x-naive` is x as it is mostly written. */
export function twinOf(strategy: string): string | null {
  return strategy.endsWith('-naive') ? strategy.slice(0, -'-naive'.length) : null;
}

export function needOf({ promise }: Pick<PromiseVerdict, 'promise'>): Need | null {
  if ('grade' in promise && promise.grade !== undefined) return promise.grade;
  if (promise.guarantee === 'linearizable') return 'linearizable';
  return promise.guarantee === 'no-lost-writes' ? 'durable' : null;
}

/**
 * For one need every strategy of the run: those that kept it by what they cost (database queries for each operation,
 * then p99), then what could not be judged, what broke it, and what does not promise it.
 */
export function candidates(need: Need, cells: readonly Cell[]): Candidate[] {
  const rank = { kept: 0, unknown: 1, broken: 2, absent: 3 };
  return strategiesOf(cells)
    .map((strategy): Candidate => {
      const own = cells.filter((cell) => cell.strategy === strategy);
      const promises = own.flatMap((cell) => cell.promises.filter((one) => needOf(one) === need));
      const states = promises.map(promiseState);
      return {
        strategy,
        state:
          promises.length === 0
            ? 'absent'
            : states.includes('broken')
              ? 'broken'
              : states.includes('unknown') || own.some(({ verdict }) => verdict === 'error')
                ? 'unknown'
                : 'kept',
        violations: promises.reduce((sum, one) => sum + one.violations, 0),
        cost: costOf(own),
      };
    })
    .sort(
      (a, b) =>
        rank[a.state] - rank[b.state] ||
        up(a.cost.queriesPerOperation, b.cost.queriesPerOperation) ||
        up(a.cost.p99Ms, b.cost.p99Ms),
    );
}

export function strategiesOf(cells: readonly Cell[]): string[] {
  return [...new Set(cells.map((cell) => cell.strategy))];
}

export function costOf(cells: readonly Cell[]): Cost {
  let queries = 0;
  let operations = 0;
  for (const cell of cells) {
    const servers = cell.database.filter(({ phase }) => phase === 'before');
    if (servers.length === 0) continue;
    queries += servers.reduce((sum, { reads, writes }) => sum + reads + writes, 0);
    for (const { phase, outcomes } of cell.operations)
      if (phase === 'before') operations += outcomes.ok + outcomes.fail + outcomes.info;
  }
  const tails = cells.flatMap((cell) => digest(cell).before?.p99 ?? []).sort((a, b) => a - b);
  return {
    queriesPerOperation: operations === 0 ? null : queries / operations,
    p99Ms: tails[tails.length >> 1] ?? null,
  };
}

/** What is not known comes last. */
function up(a: number | null, b: number | null): number {
  return (a ?? Number.MAX_VALUE) - (b ?? Number.MAX_VALUE);
}
