import type { Operation } from '../../history/operation.ts';
import { tell } from '../tell.ts';

/**
 * A MicroOperation is one step of a transaction over several keys, written as Jepsen writes it: ["append", k, v]
 * puts v at the end of the list k, ["r", k, value] reads, ["w", k, v] writes. A key that is not there reads as null.
 */
export type MicroOperation = readonly [f: 'append' | 'r' | 'w', key: string | number, value: unknown];

/** The steps of a `txn`. What is none is told by `malformed`, which is to be asked before. */
export function stepsOf({ value }: Pick<Operation, 'value'>): readonly MicroOperation[] {
  return value as readonly MicroOperation[];
}

/** What is wrong with the first of these transactions that has no steps; undefined when all have. */
export function malformed(operations: readonly Operation[]): string | undefined {
  for (const { f, value, process } of operations) {
    if (f !== 'txn') continue;
    const whose = `a transaction of process ${process}`;
    if (!Array.isArray(value)) {
      return `${whose} should be a list of steps such as ["append","k",1] or ["r","k",null], got ${tell(value)}`;
    }
    for (const step of value) {
      if (!isStep(step)) return `${whose} should have steps such as ["append","k",1], got ${tell(step)}`;
    }
  }
  return undefined;
}

function isStep(step: unknown): boolean {
  if (!Array.isArray(step) || step.length < 2 || step.length > 3) return false;
  const [f, key] = step as unknown[];
  return (f === 'append' || f === 'r' || f === 'w') && (typeof key === 'string' || typeof key === 'number');
}

/** "append 5 to k1, read k2 [1,2], write 3 to a" */
export function tellSteps(steps: readonly MicroOperation[]): string {
  return steps
    .map(([f, key, value]) => {
      if (f === 'append') return `append ${tell(value)} to ${key}`;
      return f === 'w' ? `write ${tell(value)} to ${key}` : `read ${key} ${tellRead(value)}`;
    })
    .join(', ');
}

/** What was read, short; of a long list its end, because that is where lists differ. */
export function tellRead(value: unknown): string {
  if (!Array.isArray(value) || value.length <= mostElements) return tell(value);
  return `[…,${value
    .slice(-mostElements)
    .map((element) => JSON.stringify(element))
    .join()}]`;
}

const mostElements = 6;
