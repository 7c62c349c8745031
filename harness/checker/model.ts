import type { Operation } from '../history/operation.ts';

/**
 * A Model says what one object is when nothing runs at the same time: its first value, and what each operation
 * demands of the value and does to it. Every key is an object of its own, unless the model spans keys.
 */
export interface Model {
  readonly name: string;
  /** In one sentence. */
  readonly summary: string;
  readonly initial: unknown;
  /** All keys together are one object. */
  readonly spansKeys?: true;
  /**
   * Undefined when the model has no such operation. Asked only of operations that happened or may have; the answer of
   * one that ended `info` is not known.
   */
  effect(operation: Operation): Effect | undefined;
  /**
   * Whether changes alone may turn the value into the other (or leave it so). Without it the search tries; a false
   * that is wrong would call good histories illegal. Only for models whose values nothing looks at but `expect`.
   */
  mayBecome?(value: unknown, other: unknown): boolean;
}

/** An Effect is what an operation demands of a value and leaves in its place. The first four are the fastest to search. */
export type Effect =
  /** The value is this (a read). */
  | { readonly kind: 'expect'; readonly value: unknown }
  /** The value is anything but this (a compare that did not hold). */
  | { readonly kind: 'expect-not'; readonly value: unknown }
  /** Whatever it was, now it is this. */
  | { readonly kind: 'set'; readonly value: unknown }
  /** It is `from`, and becomes `to`. */
  | { readonly kind: 'swap'; readonly from: unknown; readonly to: unknown }
  /** The value passes a test. Effects of one name are the same. */
  | { readonly kind: 'look'; readonly name: string; sees(value: unknown): boolean }
  /** What it becomes follows from what it was, which is left as it is; or it is `impossible`. Effects of one name are the same. */
  | { readonly kind: 'change'; readonly name: string; apply(value: unknown): unknown };

/** What an operation makes of a value with which it cannot have answered as it did. */
export const impossible = Symbol('impossible');

/** The first operation of the history that the model does not know, if there is one. */
export function foreignOperation(model: Model, operations: readonly Operation[]): Operation | undefined {
  return operations.find(
    (operation) => operation.outcome !== 'fail' && model.effect(operation) === undefined,
  );
}
