import { type KeyHistory, Kind, lookedFor, type Step, unlookedFor, written } from './key-history.ts';

/** A Conflict is two values of which neither can have been entirely before the other. */
export interface Conflict {
  readonly older: Cluster;
  readonly newer: Cluster;
}

/** A Cluster is the writer of a value and all that found the value. Nothing else may stand between them. */
export interface Cluster {
  /** Undefined for the first value. */
  readonly writer: Step | undefined;
  /** The step that returned first; undefined for the first value, which was there before everything. */
  first: Step | undefined;
  firstReturn: number;
  /** The step that was sent last. */
  last: Step | undefined;
  lastCall: number;
}

export type ZonesVerdict =
  | { readonly state: 'linearizable' }
  | { readonly state: 'conflict'; readonly conflict: Conflict }
  /** Found before it was sent. */
  | { readonly state: 'too-early'; readonly found: Step; readonly writer: Step }
  | { readonly state: 'undecided' };

/**
 * Decides a key in O(n log n) where every value that was found has one writer (Gibbons and Korach, "Testing shared
 * memories", 1997). In every order all steps of a value's cluster stand together. So cluster x cannot be before
 * cluster y if some step of y returned before some step of x was sent, that is if y.firstReturn < x.lastCall; if it
 * is the other way round too, nothing can be right. And when no two clusters conflict so, sorting them works.
 *
 *   x:  |--write x--|                         |--read x--|
 *   y:                 |--write y--|                            neither is before the other
 *
 * A conflict proves a violation on every key, also where there is more than the zones look at. That there is none
 * proves the opposite only if there is nothing but reads and writes; else the answer is `undecided`.
 */
export function decideByZones(history: KeyHistory): ZonesVerdict {
  if (history.hasChange) return { state: 'undecided' };
  const { steps, open, initial, values } = history;
  const writers = new Int32Array(values.size);
  writers[initial] = 1;
  for (const step of steps) writers[written(step)]!++;
  for (const step of open) writers[written(step)]!++;

  const clusters = new Clusters(steps, values.size);
  if (initial !== unlookedFor && writers[initial] === 1) clusters.beginFirst(initial);
  // A value that nobody looks for needs no unique writer: each write of it is a cluster of its own.
  let complete = open.length === 0 && !history.hasExpectNot;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (step.kind === Kind.swap) complete = false;
    if (step.kind !== Kind.set && step.kind !== Kind.swap) continue;
    const value = written(step);
    if (value === unlookedFor || writers[value] === 1) clusters.begin(i, value);
    else complete = false;
  }
  for (let i = 0; i < steps.length; i++) {
    const value = lookedFor(steps[i]!);
    if (value === 0) continue;
    const cluster = clusters.of(value);
    // Written more than once, or only by open operations that are left to the search.
    if (cluster === none) complete = false;
    else if (!clusters.find(cluster, i))
      return { state: 'too-early', found: steps[i]!, writer: clusters.at(cluster).writer! };
  }
  const conflict = clusters.conflict();
  if (conflict !== undefined) return { state: 'conflict', conflict };
  return { state: complete ? 'linearizable' : 'undecided' };
}

const none = -1;

/** Clusters are the clusters of one key, by numbers: there are as many as writes, and a key may have a million. */
class Clusters {
  readonly #steps: readonly Step[];
  #count = 0;
  /** By value. */
  readonly #of: Int32Array;
  /** By cluster, as in Cluster; steps by their index. */
  readonly #writer: Int32Array;
  readonly #first: Int32Array;
  readonly #firstReturn: Float64Array;
  readonly #last: Int32Array;
  readonly #lastCall: Float64Array;

  constructor(steps: readonly Step[], size: number) {
    this.#steps = steps;
    this.#of = new Int32Array(size).fill(none);
    // Each step begins one at most, and the first value has one too.
    const most = steps.length + 1;
    this.#writer = new Int32Array(most);
    this.#first = new Int32Array(most);
    this.#firstReturn = new Float64Array(most);
    this.#last = new Int32Array(most);
    this.#lastCall = new Float64Array(most);
  }

  of(value: number): number {
    return this.#of[value]!;
  }

  beginFirst(value: number): void {
    this.#begin(value, none, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
  }

  begin(writer: number, value: number): void {
    const { operation, call, ret } = this.#steps[writer]!;
    // Nobody was told of its end; that it happened is known from those that found its value, so they are the witness.
    const isOpen = operation.outcome === 'info';
    const cluster = this.#begin(value, writer, isOpen ? Number.POSITIVE_INFINITY : ret, call);
    if (isOpen) this.#first[cluster] = none;
  }

  #begin(value: number, writer: number, firstReturn: number, lastCall: number): number {
    const cluster = this.#count++;
    if (value !== unlookedFor) this.#of[value] = cluster;
    this.#writer[cluster] = writer;
    this.#first[cluster] = writer;
    this.#firstReturn[cluster] = firstReturn;
    this.#last[cluster] = writer;
    this.#lastCall[cluster] = lastCall;
    return cluster;
  }

  /** Adds a step that found the value; false if it returned before the writer was sent. */
  find(cluster: number, found: number): boolean {
    const { call, ret } = this.#steps[found]!;
    const writer = this.#writer[cluster]!;
    if (writer !== none && ret < this.#steps[writer]!.call) return false;
    if (ret < this.#firstReturn[cluster]!) {
      this.#first[cluster] = found;
      this.#firstReturn[cluster] = ret;
    }
    if (call > this.#lastCall[cluster]!) {
      this.#last[cluster] = found;
      this.#lastCall[cluster] = call;
    }
    return true;
  }

  at(cluster: number): Cluster {
    return {
      writer: this.#steps[this.#writer[cluster]!],
      first: this.#steps[this.#first[cluster]!],
      firstReturn: this.#firstReturn[cluster]!,
      last: this.#steps[this.#last[cluster]!],
      lastCall: this.#lastCall[cluster]!,
    };
  }

  /**
   * Two clusters conflict when x.firstReturn < y.lastCall and y.firstReturn < x.lastCall. At least one of them is then
   * a forward zone (firstReturn < lastCall). Forward zones that do not conflict with each other lie one after another,
   * so each other cluster needs to be held only against the last forward zone that begins before its lastCall.
   */
  conflict(): Conflict | undefined {
    const forward = this.#forward();
    const begin = Float64Array.from(forward, (cluster) => this.#firstReturn[cluster]!);
    for (let i = 1; i < forward.length; i++) {
      if (begin[i]! < this.#lastCall[forward[i - 1]!]!) return this.#told(forward[i - 1]!, forward[i]!);
    }
    for (let cluster = 0; cluster < this.#count; cluster++) {
      if (this.#isForward(cluster)) continue;
      const zone = firstNotBelow(begin, this.#lastCall[cluster]!) - 1;
      if (zone < 0) continue;
      if (this.#firstReturn[cluster]! < this.#lastCall[forward[zone]!]!)
        return this.#told(forward[zone]!, cluster);
    }
    return undefined;
  }

  #isForward(cluster: number): boolean {
    return this.#firstReturn[cluster]! < this.#lastCall[cluster]!;
  }

  #told(older: number, newer: number): Conflict {
    return { older: this.at(older), newer: this.at(newer) };
  }

  /** The forward zones, in the order in which they begin. */
  #forward(): Uint32Array {
    const forward = new Uint32Array(this.#count);
    let count = 0;
    for (let cluster = 0; cluster < this.#count; cluster++) {
      if (this.#isForward(cluster)) forward[count++] = cluster;
    }
    const begin = this.#firstReturn;
    return forward
      .subarray(0, count)
      .sort((x, y) => (begin[x]! < begin[y]! ? -1 : begin[x]! > begin[y]! ? 1 : 0));
  }
}

/** The index of the first of the rising numbers that is as great or greater, or how many there are. */
function firstNotBelow(rising: Float64Array, number: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
