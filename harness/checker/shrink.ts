import type { Operation } from '../history/operation.ts';
import type { Model } from './model.ts';
import { comparable } from './values.ts';

/**
 * The smallest part of an illegal key's operations that can be had cheaply and is still illegal, given as they were.
 *
 * Only such parts are tried as a linearizable history could not have, so that what remains is evidence and not an
 * artefact of what was taken out: a part that ends earlier; a part without some reads; a part without some values,
 * that is without all that wrote or found them (not where a compare failed: it saw every value).
 */
export function shrink(
  model: Model,
  operations: readonly Operation[],
  isIllegal: (operations: readonly Operation[]) => boolean,
  hasTime: () => boolean,
): readonly Operation[] {
  if (!isIllegal(operations)) return operations;
  const original = new Map<Operation, Operation>();
  let few = shortest(operations, original, isIllegal, hasTime);
  few = without(few, looksOnly(model, few), isIllegal, hasTime);
  few = without(few, valueGroups(model, few), isIllegal, hasTime);
  few = without(few, looksOnly(model, few), isIllegal, hasTime);
  return few.map((operation) => original.get(operation) ?? operation);
}

/** The shortest beginning that is illegal. That a longer one is illegal too makes halving right. */
function shortest(
  operations: readonly Operation[],
  original: Map<Operation, Operation>,
  isIllegal: (operations: readonly Operation[]) => boolean,
  hasTime: () => boolean,
): readonly Operation[] {
  const returns = operations.flatMap(({ returnNs, outcome }) => (outcome === 'ok' ? [returnNs] : []));
  returns.sort((x, y) => x - y);
  let best = operations;
  let low = 0;
  let high = returns.length - 1;
  while (low < high && hasTime()) {
    const middle = (low + high) >>> 1;
    const beginning = until(returns[middle]!, operations, original);
    if (isIllegal(beginning)) {
      best = beginning;
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return best;
}

/** What had been sent by then; what had not returned by then may or may not have happened. */
function until(
  endNs: number,
  operations: readonly Operation[],
  original: Map<Operation, Operation>,
): Operation[] {
  const part: Operation[] = [];
  for (const operation of operations) {
    if (operation.invokeNs > endNs) continue;
    if (operation.returnNs <= endNs || operation.outcome !== 'ok') part.push(operation);
    else if (operation.f !== 'read' && operation.swapped !== false) {
      const open: Operation = { ...operation, outcome: 'info', returnNs: Number.POSITIVE_INFINITY };
      original.set(open, operation);
      part.push(open);
    }
  }
  return part;
}

/** Takes out as many groups as leaves the rest illegal: halves first, then quarters, down to single groups. */
function without(
  operations: readonly Operation[],
  groups: readonly (readonly Operation[])[],
  isIllegal: (operations: readonly Operation[]) => boolean,
  hasTime: () => boolean,
): readonly Operation[] {
  let rest = operations;
  let kept = groups;
  for (
    let size = Math.ceil(kept.length / 2);
    size >= 1 && hasTime();
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    const still: (readonly Operation[])[] = [];
    for (let from = 0; from < kept.length; from += size) {
      const chunk = kept.slice(from, from + size);
      const out = new Set(chunk.flat());
      const part = rest.filter((operation) => !out.has(operation));
      if (hasTime() && isIllegal(part)) rest = part;
      else still.push(...chunk);
    }
    kept = still;
  }
  return rest;
}

/** Each operation that changes nothing, alone. */
function looksOnly(model: Model, operations: readonly Operation[]): (readonly Operation[])[] {
  return operations
    .filter((operation) => {
      const kind = model.effect(operation)?.kind;
      return kind === 'expect' || kind === 'expect-not' || kind === 'look';
    })
    .map((operation) => [operation]);
}

/** All operations by the values that they touch; a swap joins its two values' groups. */
function valueGroups(model: Model, operations: readonly Operation[]): (readonly Operation[])[] {
  const joined = new Map<unknown, unknown>();
  const root = (value: unknown): unknown => {
    let at = value;
    for (let up = joined.get(at); up !== undefined; up = joined.get(at)) at = up;
    return at;
  };
  const touched: [Operation, unknown][] = [];
  for (const operation of operations) {
    const effect = model.effect(operation);
    if (effect === undefined) continue;
    if (effect.kind === 'expect-not' || effect.kind === 'look' || effect.kind === 'change') return [];
    const value = comparable(effect.kind === 'swap' ? effect.from : effect.value);
    touched.push([operation, value]);
    if (effect.kind === 'swap') {
      const [from, to] = [root(value), root(comparable(effect.to))];
      if (from !== to) joined.set(from, to);
    }
  }
  const groups = new Map<unknown, Operation[]>();
  for (const [operation, value] of touched) {
    const group = groups.get(root(value));
    if (group === undefined) groups.set(root(value), [operation]);
    else group.push(operation);
  }
  return [...groups.values()];
}
