import type { Operation, OperationFunction } from '../history/operation.ts';

/**
 * A Model says what one key is when nothing runs at the same time: its first value, and what each operation demands
 * of the value and does to it. Keys are independent of each other.
 */
export interface Model {
  readonly name: string;
  readonly initial: unknown;
  /** Undefined when the model has no such operation. Asked only of operations that happened or may have. */
  effect(operation: Operation): Effect | undefined;
}

/** An Effect is what an operation demands of a value and leaves in its place, in the five ways there are. */
export type Effect =
  /** The value is this (a read). */
  | { readonly kind: 'expect'; readonly value: unknown }
  /** The value is anything but this (a compare that did not hold). */
  | { readonly kind: 'expect-not'; readonly value: unknown }
  /** Whatever it was, now it is this. */
  | { readonly kind: 'set'; readonly value: unknown }
  /** It is `from`, and becomes `to`. */
  | { readonly kind: 'swap'; readonly from: unknown; readonly to: unknown }
  /** This string is added to its end. */
  | { readonly kind: 'append'; readonly value: string };

/** One value per key, at first null ("no such key"). */
export const register: Model = {
  name: 'register',
  initial: null,
  effect({ f, value, swapped }) {
    switch (f) {
      case 'read':
        return { kind: 'expect', value: value ?? null };
      case 'write':
        return { kind: 'set', value: value ?? null };
      case 'delete':
        return { kind: 'set', value: null };
      case 'cas': {
        const [from, to] = value as [unknown, unknown];
        return swapped === false
          ? { kind: 'expect-not', value: from ?? null }
          : { kind: 'swap', from: from ?? null, to: to ?? null };
      }
      default:
        return undefined;
    }
  },
};

/** One string per key, at first empty; `get`, `put` and `append` (read as read, write and append). */
export const kv: Model = {
  name: 'kv',
  initial: '',
  effect({ f, value }) {
    switch (f) {
      case 'read':
        return { kind: 'expect', value: text(value) };
      case 'write':
        return { kind: 'set', value: text(value) };
      case 'delete':
        return { kind: 'set', value: '' };
      case 'append':
        return { kind: 'append', value: text(value) };
      default:
        return undefined;
    }
  },
};

export const models: readonly Model[] = [register, kv];

/** The first operation of the history that the model does not know, if there is one. */
export function foreignOperation(model: Model, operations: readonly Operation[]): Operation | undefined {
  const known = new Map<OperationFunction, boolean>();
  return operations.find((operation) => {
    if (operation.outcome === 'fail') return false;
    let knows = known.get(operation.f);
    if (knows === undefined) {
      knows = model.effect(operation) !== undefined;
      known.set(operation.f, knows);
    }
    return !knows;
  });
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
