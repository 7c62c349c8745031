import { type KeyHistory, Kind, type Step, unlookedFor, written } from './key-history.ts';

/**
 * Whether the order that the store's revisions tell explains every answer: a proof in O(n log n) that the key is
 * linearizable, whatever its operations are. False proves nothing: revisions may lie, or not be there.
 *
 *   writes, by revision:      write 1 (5) --- cas 1 to 2 (8) --- write 3 (9)
 *   all that only looks:   ^        ^                 ^                 ^       the first place that fits
 *
 * The revisions order what writes; that order has to keep to the clock, and each swap has to find what it swaps. Then
 * whatever only looks takes the first place where it sees what it must, not before any that had returned when it was
 * sent. A place that is sooner than needed never takes one from another, so if there are places for all, this finds them.
 *
 * A write of which no answer told the revision has the one that a read of its value told. Open operations that are not
 * settled may never have happened.
 */
export function isWitnessed({ steps, hasChange, initial, values }: KeyHistory): boolean {
  if (hasChange) return false;
  const writes = inRevisionOrder(steps, values.size);
  if (writes === undefined || !keepsToTheClock(steps, writes)) return false;

  /** The value before the first write, then after each. */
  const held = new Int32Array(writes.length + 1);
  held[0] = initial;
  for (let i = 0; i < writes.length; i++) {
    const step = steps[writes[i]!]!;
    if (step.kind === Kind.swap && step.a !== held[i]) return false;
    held[i + 1] = written(step);
  }
  return hasPlaceForAll(steps, writes, held, values.size);
}

/** The writes, by their index among the steps; undefined when one has no revision, or two have the same. */
function inRevisionOrder(steps: readonly Step[], size: number): Uint32Array | undefined {
  const told = revisionsOfReads(steps, size);
  const revisions = new Float64Array(steps.length);
  const writes = new Uint32Array(steps.length);
  let count = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (step.kind !== Kind.set && step.kind !== Kind.swap) continue;
    const revision = step.operation.revision ?? told[written(step)]!;
    if (!(revision > 0)) return undefined;
    revisions[i] = revision;
    writes[count++] = i;
  }
  const ordered = writes.subarray(0, count).sort((x, y) => revisions[x]! - revisions[y]!);
  for (let i = 1; i < count; i++) if (revisions[ordered[i]!] === revisions[ordered[i - 1]!]) return undefined;
  return ordered;
}

/** By value: the revision at which a read found it; 0 for none. */
function revisionsOfReads(steps: readonly Step[], size: number): Float64Array {
  const revisions = new Float64Array(size);
  for (const { kind, a, operation } of steps) {
    if (kind === Kind.expect && a !== unlookedFor && operation.revision !== undefined)
      revisions[a] = operation.revision;
  }
  return revisions;
}

/** None returned before one that stands before it was sent. */
function keepsToTheClock(steps: readonly Step[], writes: Uint32Array): boolean {
  let latestCall = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < writes.length; i++) {
    const { call, ret } = steps[writes[i]!]!;
    if (call > latestCall) latestCall = call;
    if (ret < latestCall) return false;
  }
  return true;
}

/** The steps are in the order in which they were sent. Numbers in typed arrays: a key may have a million of them. */
function hasPlaceForAll(
  steps: readonly Step[],
  writes: Uint32Array,
  held: Int32Array,
  size: number,
): boolean {
  const calls = new Float64Array(steps.length);
  for (let i = 0; i < steps.length; i++) calls[i] = steps[i]!.call;
  /** By step: the highest place of those that returned before it was sent, but not before the step that is before it. */
  const returned = new Int32Array(steps.length + 1);
  const settle = (ret: number, place: number) => {
    const next = firstAfter(calls, ret);
    if (place > returned[next]!) returned[next] = place;
  };
  /** By place: when the last of the writes before it was sent. */
  const sent = new Float64Array(held.length);
  sent[0] = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < writes.length; i++) {
    const { call, ret } = steps[writes[i]!]!;
    sent[i + 1] = Math.max(sent[i]!, call);
    settle(ret, i + 1);
  }
  const places = new Places(held, size);
  /** The highest place of all that had returned. */
  let from = 0;
  for (let i = 0; i < steps.length; i++) {
    if (returned[i]! > from) from = returned[i]!;
    const { kind, a, call, ret } = steps[i]!;
    if (kind !== Kind.expect && kind !== Kind.expectNot) continue;
    // What returned before it was sent has times that are no times.
    if (ret < call) return false;
    const place = kind === Kind.expect ? places.first(a, from) : firstOther(held, a, from);
    if (place === undefined || sent[place]! > ret) return false;
    settle(ret, place);
  }
  return true;
}

/** The index of the first of the rising numbers that is greater, or how many there are. */
function firstAfter(rising: Float64Array, number: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first place from this one on whose value is another. */
function firstOther(held: Int32Array, value: number, from: number): number | undefined {
  for (let place = from; place < held.length; place++) if (held[place] !== value) return place;
  return undefined;
}

/** Places knows where each value is: the places of value v stand, rising, from #begin[v] up to #begin[v + 1]. */
class Places {
  readonly #begin: Uint32Array;
  readonly #places: Uint32Array;

  constructor(held: Int32Array, size: number) {
    const begin = new Uint32Array(size + 1);
    for (let place = 0; place < held.length; place++) begin[held[place]! + 1]!++;
    for (let value = 0; value < size; value++) begin[value + 1]! += begin[value]!;
    const next = begin.slice();
    this.#places = new Uint32Array(held.length);
    for (let place = 0; place < held.length; place++) this.#places[next[held[place]!]!++] = place;
    this.#begin = begin;
  }

  /** The first place from this one on that holds the value. */
  first(value: number, from: number): number | undefined {
    const end = this.#begin[value + 1]!;
    let low = this.#begin[value]!;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low < end ? this.#places[low] : undefined;
  }
}
