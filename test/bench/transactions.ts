import { defaultBudget } from '../../harness/checker/checker.ts';
import { fracturedReads } from '../../harness/checker/transactions/fractured-reads.ts';
import { listAppend } from '../../harness/checker/transactions/list-append.ts';
import type { MicroOperation } from '../../harness/checker/transactions/micro-operation.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { generateTransactions } from '../checker/transactions/generate.ts';
import type { Bench, BenchRow } from './bench.ts';

const count = 100_000;

/** How long the checkers of transactions take for 100,000 of them over lists, sound and broken throughout. */
export const bench: Bench = {
  name: 'transactions',
  async run() {
    // More than are asked for, because what would be asked of a busy client is left out.
    const sound = generateTransactions({
      seed: 1,
      transactions: 2 * count,
      clients: 20,
      keys: 12,
      infoShare: 0.01,
    });
    const history = sound.slice(0, count);
    if (history.length < count)
      throw new Error(`expected ${count} transactions, generated ${history.length}`);
    return [
      timed('list-append, strictly serializable', history, (all) => {
        const verdict = listAppend().check({ operations: all, faults: [] }, defaultBudget);
        if (verdict.valid !== true) throw new Error(`a sound history was found ${verdict.valid}`);
      }),
      timed('list-append, every tenth read is one element behind', history.map(behind), (all) => {
        const verdict = listAppend().check({ operations: all, faults: [] }, defaultBudget);
        if (verdict.valid !== false) throw new Error(`a broken history was found ${verdict.valid}`);
      }),
      timed('fractured-reads', history, (all) => {
        const verdict = fracturedReads.check({ operations: all, faults: [] }, defaultBudget);
        if (verdict.valid !== true) throw new Error(`a sound history was found ${verdict.valid}`);
      }),
    ];
  },
};

function timed(
  what: string,
  history: readonly Operation[],
  check: (all: readonly Operation[]) => void,
): BenchRow {
  const started = performance.now();
  check(history);
  const value = Math.round(performance.now() - started);
  return {
    what: `100,000 transactions: ${what}`,
    value,
    unit: 'ms',
    target: 'under 5,000 ms',
    met: value < 5_000,
  };
}

/** One read of every tenth transaction loses its last element. */
function behind(operation: Operation, i: number): Operation {
  if (i % 10 !== 0 || operation.outcome !== 'ok') return operation;
  const steps = operation.value as readonly MicroOperation[];
  const first = steps.findIndex(([f]) => f === 'r');
  return {
    ...operation,
    value: steps.map((step, at) =>
      at === first ? [step[0], step[1], (step[2] as unknown[]).slice(0, -1)] : step,
    ),
  };
}
