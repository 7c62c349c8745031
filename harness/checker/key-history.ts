import type { Operation } from '../history/operation.ts';
import type { Effect, Model } from './model.ts';
import { Values } from './values.ts';

/** What a step does, as small numbers: see Effect. */
export const Kind = { expect: 0, expectNot: 1, set: 2, swap: 3, look: 4, change: 5 } as const;

type Look = Extract<Effect, { kind: 'look' }>;
type Change = Extract<Effect, { kind: 'change' }>;

/** The number of all values that nobody ever looked for: one cannot be told from another. */
export const unlookedFor = 0;

/**
 * A KeyHistory is what happened to one key, made ready for deciding: one step for each operation that counts, in the
 * order in which they were sent, values as small numbers. Operations that did not happen (`fail`) and reads of
 * which nobody knows the answer are left out; `info` operations that can be settled without a search are.
 */
export interface KeyHistory {
  readonly values: Values;
  /** The first value; `unlookedFor` when nobody asks about it. */
  readonly initial: number;
  readonly steps: readonly Step[];
  /** Operations that may have happened, at any time after `call`, and are not settled. */
  readonly open: readonly Step[];
  /** A read, or a compare that held, of something that nobody wrote. */
  readonly unwritten: Step | undefined;
  /** Some compare did not hold: then even a value that nobody looks for matters, as "not the one compared with". */
  readonly hasExpectNot: boolean;
  /** Some step looks or changes: values follow from one another, and have no writers of their own. */
  readonly hasChange: boolean;
  /** What steps of kind look and change do, by their `a`. */
  readonly looks: readonly Look[];
  readonly changes: readonly Change[];
  readonly mayBecome: Model['mayBecome'];
}

/** A Step is one operation, reduced to what the search needs. */
export interface Step {
  readonly operation: Operation;
  readonly kind: number;
  /** expect, expectNot: the value; set: the new one; swap: the old one; look, change: its place in the table. */
  a: number;
  /** swap: the new value. */
  b: number;
  readonly call: number;
  /** Infinity for one that may have happened. */
  ret: number;
}

/**
 * The operations may be in any order; all are of one key, or of all if the model spans keys. `spent` are the steps of a
 * history that nobody needs any more: they become the steps of this one, which leaves less to the garbage collector.
 */
export function keyHistory(model: Model, operations: readonly Operation[], spent: Step[] = []): KeyHistory {
  const values = new Values();
  // Number 0 is no value at all.
  values.number(values);
  let initial = values.number(model.initial);
  const steps = spent;
  let count = 0;
  let open: Step[] = [];
  let sorted = true;
  let last = Number.NEGATIVE_INFINITY;
  let hasExpectNot = false;
  const looks = new Table<Look>();
  const changes = new Table<Change>();
  const tables = { values, looks, changes };
  for (const operation of operations) {
    if (operation.outcome === 'fail' || (operation.outcome === 'info' && operation.f === 'read')) continue;
    const effect = model.effect(operation);
    if (effect === undefined) continue;
    if (operation.outcome === 'info') {
      // What changed nothing, and told nobody, says nothing.
      if (effect.kind !== 'expect-not' && effect.kind !== 'look')
        open.push(become(blank(operation), operation, effect, tables));
    } else {
      const step = count < steps.length ? steps[count]! : blank(operation);
      become(step, operation, effect, tables);
      steps[count++] = step;
      if (step.call < last) sorted = false;
      last = step.call;
      if (step.kind === Kind.expectNot) hasExpectNot = true;
    }
  }
  steps.length = count;
  const hasChange = looks.all.length > 0 || changes.all.length > 0;
  // Values that follow from one another have no single writer, so nothing of what follows holds for them.
  let unwritten: Step | undefined;
  if (!hasChange) {
    const settled = settle(steps, open, initial, values.size, hasExpectNot);
    open = settled.open;
    if (settled.closed) sorted = false;
    unwritten = findUnwritten(steps, open, initial, values.size);
    initial = mergeUnlookedFor(steps, open, initial, values.size);
  }
  if (!sorted) steps.sort((x, y) => x.call - y.call);
  open.sort((x, y) => x.call - y.call);
  return {
    values,
    initial,
    steps,
    open,
    unwritten,
    hasExpectNot,
    hasChange,
    looks: looks.all,
    changes: changes.all,
    mayBecome: model.mayBecome,
  };
}

interface Tables {
  readonly values: Values;
  readonly looks: Table<Look>;
  readonly changes: Table<Change>;
}

/** All steps have one shape, so that V8 finds their fields without asking for it. */
function blank(operation: Operation): Step {
  return { operation, kind: Kind.expect, a: 0, b: 0, call: 0, ret: 0 };
}

function become(
  step: { -readonly [P in keyof Step]: Step[P] },
  operation: Operation,
  effect: Effect,
  { values, looks, changes }: Tables,
): Step {
  step.operation = operation;
  step.b = 0;
  step.call = operation.invokeNs;
  step.ret = operation.outcome === 'info' ? Number.POSITIVE_INFINITY : operation.returnNs;
  switch (effect.kind) {
    case 'expect':
      step.kind = Kind.expect;
      step.a = values.number(effect.value);
      break;
    case 'expect-not':
      step.kind = Kind.expectNot;
      step.a = values.number(effect.value);
      break;
    case 'set':
      step.kind = Kind.set;
      step.a = values.number(effect.value);
      break;
    case 'swap':
      step.kind = Kind.swap;
      step.a = values.number(effect.from);
      step.b = values.number(effect.to);
      break;
    case 'look':
      step.kind = Kind.look;
      step.a = looks.number(effect);
      break;
    case 'change':
      step.kind = Kind.change;
      step.a = changes.number(effect);
      break;
  }
  return step;
}

/** A Table numbers effects: those of one name have one number. */
class Table<E extends { readonly name: string }> {
  readonly all: E[] = [];
  readonly #numbers = new Map<string, number>();

  number(effect: E): number {
    const known = this.#numbers.get(effect.name);
    if (known !== undefined) return known;
    this.#numbers.set(effect.name, this.all.length);
    return this.all.push(effect) - 1;
  }
}

/** What a set or swap writes, or 0. */
export function written(step: Step): number {
  return step.kind === Kind.set ? step.a : step.kind === Kind.swap ? step.b : 0;
}

/** What an expect or swap must find, or 0. */
export function lookedFor(step: Step): number {
  return step.kind === Kind.expect || step.kind === Kind.swap ? step.a : 0;
}

/** Long chains of open compares would take one round each; leaving some to the search is slower, never wrong. */
const settleRounds = 8;

/**
 * Settles open operations that a search need not try. Two rules, neither of which changes the verdict:
 *
 * It happened. An open operation is the only one that ever writes v, v is not the first value, and some operation
 * that certainly happened found v. Then in every order the writer stands before each of them, so before the
 * earliest of their returns: it becomes a step that has returned by then.
 *
 * It does not matter. An open operation writes v, no operation that returned after it was sent finds v (nor may have,
 * if it is open itself), and no compare failed on this key. Take any order in which it happened. Up to the next
 * write nothing looks at the value (what finds v certainly stands before it was sent), so without it the order holds
 * as well: it is dropped. A failed compare with x would spoil this: v may have been what made the value differ from x.
 */
function settle(
  steps: Step[],
  open: readonly Step[],
  initial: number,
  size: number,
  hasExpectNot: boolean,
): { open: Step[]; closed: boolean } {
  let rest = [...open];
  let closed = false;
  if (rest.length === 0) return { open: rest, closed };
  const writers = new Int32Array(size);
  writers[initial] = 1;
  for (const step of steps) writers[written(step)]!++;
  for (const step of open) writers[written(step)]!++;
  const firstFound = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const lastFound = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  const found = (step: Step) => {
    const value = lookedFor(step);
    if (value === 0) return;
    firstFound[value] = Math.min(firstFound[value]!, step.ret);
    lastFound[value] = Math.max(lastFound[value]!, step.ret);
  };
  for (const step of steps) found(step);
  for (let round = 0; round < settleRounds && rest.length > 0; round++) {
    const mayFind = new Uint8Array(size);
    for (const step of rest) mayFind[lookedFor(step)] = 1;
    const still: Step[] = [];
    for (const step of rest) {
      const value = written(step);
      if (writers[value] === 1 && firstFound[value]! < Number.POSITIVE_INFINITY) {
        step.ret = firstFound[value]!;
        steps.push(step);
        found(step);
        closed = true;
      } else if (!hasExpectNot && lastFound[value]! < step.call && mayFind[value] === 0) {
        // Dropped. Its value may now have fewer writers, which the next round sees.
        writers[value]!--;
      } else {
        still.push(step);
      }
    }
    if (still.length === rest.length) break;
    rest = still;
  }
  return { open: rest, closed };
}

function findUnwritten(
  steps: readonly Step[],
  open: readonly Step[],
  initial: number,
  size: number,
): Step | undefined {
  const isWritten = new Uint8Array(size);
  isWritten[0] = 1;
  isWritten[initial] = 1;
  for (const step of steps) isWritten[written(step)] = 1;
  for (const step of open) isWritten[written(step)] = 1;
  return steps.find((step) => isWritten[lookedFor(step)] === 0);
}

/**
 * Gives all values that no operation asks about one number, so that states that differ only in them are the same.
 * Returns the first value's number.
 */
function mergeUnlookedFor(
  steps: readonly Step[],
  open: readonly Step[],
  initial: number,
  size: number,
): number {
  const asked = new Uint8Array(size);
  const ask = (step: Step) => {
    if (step.kind !== Kind.set) asked[step.a] = 1;
  };
  steps.forEach(ask);
  open.forEach(ask);
  const merge = (step: Step) => {
    if (step.kind === Kind.set && asked[step.a] === 0) step.a = unlookedFor;
    if (step.kind === Kind.swap && asked[step.b] === 0) step.b = unlookedFor;
  };
  steps.forEach(merge);
  open.forEach(merge);
  return asked[initial] === 1 ? initial : unlookedFor;
}
