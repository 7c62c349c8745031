import type { Operation } from '../history/operation.ts';
import { impossible, type Model } from './model.ts';
import { comparable } from './values.ts';

/** The value after each operation of an order, one after another; undefined when one cannot have answered as it did. */
export function replay(model: Model, order: readonly Operation[]): readonly unknown[] | undefined {
  const values: unknown[] = [];
  let value = model.initial;
  for (const operation of order) {
    value = after(model, operation, value);
    if (value === impossible) return undefined;
    values.push(value);
  }
  return values;
}

function after(model: Model, operation: Operation, value: unknown): unknown {
  const effect = model.effect(operation);
  switch (effect?.kind) {
    case undefined:
      return impossible;
    case 'expect':
      return isSame(value, effect.value) ? value : impossible;
    case 'expect-not':
      return isSame(value, effect.value) ? impossible : value;
    case 'set':
      return effect.value;
    case 'swap':
      return isSame(value, effect.from) ? effect.to : impossible;
    case 'look':
      return effect.sees(value) ? value : impossible;
    case 'change':
      return effect.apply(value);
  }
}

function isSame(x: unknown, y: unknown): boolean {
  return comparable(x) === comparable(y);
}
