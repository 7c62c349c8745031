import type { Operation } from '../../history/operation.ts';
import { type Effect, impossible, type Model } from '../model.ts';
import { comparable } from '../values.ts';

/** One step of a transaction: a read of a key (and what it saw), or a write. */
type Micro = readonly [f: 'r' | 'w', key: string, value: unknown];
type Registers = Readonly<Record<string, unknown>>;

/**
 * All keys together, at first null each, read and written by transactions at one instant: strict serializability.
 * A transaction's value is a list of `["r", key, value]` and `["w", key, value]`; a read or write alone is one of one step.
 */
export const multiRegister: Model = {
  name: 'multi-register',
  summary: 'transactions that read and write several keys at one instant',
  initial: {},
  spansKeys: true,
  effect(operation) {
    const micros = microsOf(operation);
    if (micros === undefined) return undefined;
    // What it read is not known of one that ended `info`: only what it wrote.
    const known = operation.outcome === 'info' ? micros.filter(([f]) => f === 'w') : micros;
    return effectOf(known);
  },
};

function effectOf(micros: readonly Micro[]): Effect {
  const name = String(comparable(micros));
  if (micros.every(([f]) => f === 'r')) {
    return { kind: 'look', name, sees: (registers: Registers) => run(micros, registers) !== impossible };
  }
  return { kind: 'change', name, apply: (registers: Registers) => run(micros, registers) };
}

function run(micros: readonly Micro[], registers: Registers): Registers | typeof impossible {
  let after = registers;
  for (const [f, key, value] of micros) {
    if (f === 'w') after = { ...after, [key]: value ?? null };
    else if (comparable(at(after, key)) !== comparable(value ?? null)) return impossible;
  }
  return after;
}

function at(registers: Registers, key: string): unknown {
  return Object.hasOwn(registers, key) ? registers[key] : null;
}

function microsOf({ f, key, value }: Operation): readonly Micro[] | undefined {
  switch (f) {
    case 'read':
      return [['r', key, value]];
    case 'write':
      return [['w', key, value]];
    case 'delete':
      return [['w', key, null]];
    case 'txn':
      return Array.isArray(value) ? micros(value) : undefined;
    default:
      return undefined;
  }
}

function micros(steps: readonly unknown[]): readonly Micro[] | undefined {
  const all: Micro[] = [];
  for (const step of steps) {
    if (!Array.isArray(step) || (step[0] !== 'r' && step[0] !== 'w')) return undefined;
    all.push([step[0], String(step[1]), step[2]]);
  }
  return all;
}
