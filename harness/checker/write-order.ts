import type { Operation } from '../history/operation.ts';
import { comparable } from './values.ts';

/**
 * In which order writes of one key certainly took effect. `real-time`: one that was acknowledged before another was
 * sent is the earlier. `per-instance`: only if both went through the same instance (a service that acknowledges first
 * and orders later knows no more).
 */
export type WriteOrder = 'real-time' | 'per-instance';

/** A Write is what gave a key a value: a write, a delete, a compare that held; or nobody, at the beginning. */
export interface Write {
  /** Undefined for the first value, null, which was there before everything. */
  readonly operation: Operation | undefined;
  readonly value: unknown;
  readonly invokeNs: number;
  /** Infinity where nobody knows when, or whether, it happened. */
  readonly returnNs: number;
}

const beginning: Write = {
  operation: undefined,
  value: null,
  invokeNs: Number.NEGATIVE_INFINITY,
  returnNs: Number.NEGATIVE_INFINITY,
};

/**
 * Writers are the first so many of the writes of a value, by when they were sent. Keys that are deleted, or have few
 * values, have thousands of writers of each: nothing is copied, and `every` asks the newest first, because whether
 * something certainly came before is nearly always decided by that one.
 */
export class Writers {
  readonly count: number;
  readonly #all: readonly Write[];

  constructor(all: readonly Write[], count: number) {
    this.#all = all;
    this.count = count;
  }

  get oldest(): Write | undefined {
    return this.count === 0 ? undefined : this.#all[0];
  }

  get newest(): Write | undefined {
    return this.count === 0 ? undefined : this.#all[this.count - 1];
  }

  every(holds: (write: Write) => boolean): boolean {
    for (let i = this.count - 1; i >= 0; i--) if (!holds(this.#all[i]!)) return false;
    return true;
  }

  some(holds: (write: Write) => boolean): boolean {
    return !this.every((write) => !holds(write));
  }

  /** The first that holds, from the oldest on. */
  oldestThat(holds: (write: Write) => boolean): Write | undefined {
    for (const write of this) if (holds(write)) return write;
    return undefined;
  }

  *[Symbol.iterator](): Generator<Write, void> {
    for (let i = 0; i < this.count; i++) yield this.#all[i]!;
  }
}

/** KeyWrites knows who may have written what to one key, and which write certainly came before which. */
export class KeyWrites {
  /** Those that certainly happened. */
  readonly acknowledged: readonly Write[];
  readonly order: WriteOrder;
  readonly #byValue: ReadonlyMap<unknown, readonly Write[]>;
  readonly #byOperation: ReadonlyMap<Operation, Write>;

  constructor(operations: readonly Operation[], order: WriteOrder) {
    const byValue = new Map<unknown, Write[]>([[null, [beginning]]]);
    const acknowledged: (Write & { operation: Operation })[] = [];
    for (const operation of operations) {
      const value = writtenValue(operation);
      if (value === undefined) continue;
      const { invokeNs, returnNs } = operation;
      const write = { operation, value, invokeNs, returnNs };
      if (operation.outcome === 'ok') acknowledged.push(write);
      const same = byValue.get(comparable(value));
      if (same === undefined) byValue.set(comparable(value), [write]);
      else same.push(write);
    }
    for (const writers of byValue.values()) {
      if (writers.some((write, i) => i > 0 && writers[i - 1]!.invokeNs > write.invokeNs))
        writers.sort((x, y) => x.invokeNs - y.invokeNs);
    }
    this.acknowledged = acknowledged;
    this.order = order;
    this.#byValue = byValue;
    this.#byOperation = new Map(acknowledged.map((write) => [write.operation, write]));
  }

  /**
   * Everyone from whom a read may have its value, by when they were sent; none if nobody had written it by the time it
   * was answered.
   */
  writersOf(read: Operation): Writers {
    const all = this.#byValue.get(comparable(read.value ?? null)) ?? [];
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (all[middle]!.invokeNs <= read.returnNs) low = middle + 1;
      else high = middle;
    }
    return new Writers(all, low);
  }

  /** The write that this operation did; undefined when it is none or nobody acknowledged it. */
  acknowledgedBy(operation: Operation): Write | undefined {
    return this.#byOperation.get(operation);
  }

  isCertainlyBefore(earlier: Write, later: Write): boolean {
    if (earlier.operation === undefined) return later.operation !== undefined;
    if (later.operation === undefined) return false;
    const [x, y] = [earlier.operation, later.operation];
    const isOrderedByTime =
      this.order === 'real-time' || (x.instance !== undefined && x.instance === y.instance);
    if (isOrderedByTime && earlier.returnNs < later.invokeNs) return true;
    if (x.revision === undefined || y.revision === undefined || x.revision >= y.revision) return false;
    // A revision that contradicts the clock is no witness.
    return !(isOrderedByTime && later.returnNs < earlier.invokeNs);
  }

  /** That what a read showed had been overwritten by this write, or lay before it, in every possible order. */
  isCertainlyOlder(read: Operation, write: Write): boolean {
    const writers = this.writersOf(read);
    if (writers.count === 0) return false;
    if (writers.every((writer) => this.isCertainlyBefore(writer, write))) return true;
    const revision = write.operation?.revision;
    if (read.revision === undefined || revision === undefined || read.revision >= revision) return false;
    return !writers.some((writer) => this.isCertainlyBefore(write, writer));
  }
}

/** What the operation wrote or may have written: null for a delete, undefined for nothing. */
export function writtenValue({ f, value, swapped, outcome }: Operation): unknown {
  if (outcome === 'fail') return undefined;
  switch (f) {
    case 'write':
      return value ?? null;
    case 'delete':
      return null;
    case 'cas':
      return outcome === 'ok' && swapped === false ? undefined : ((value as [unknown, unknown])[1] ?? null);
    default:
      return undefined;
  }
}

/** Operations by key, in the order in which keys first appear. */
export function byKey(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of operations) {
    const ofKey = keys.get(operation.key);
    if (ofKey === undefined) keys.set(operation.key, [operation]);
    else ofKey.push(operation);
  }
  return keys;
}
