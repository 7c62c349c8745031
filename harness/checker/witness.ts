import { type KeyHistory, Kind, lookedFor, type Step, unlookedFor, written } from './key-history.ts';

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
  if (writes === undefined || !keepsToTheClock(writes)) return false;

  /** The value before the first write, then after each. */
  const held = new Int32Array(writes.length + 1);
  held[0] = initial;
  for (let i = 0; i < writes.length; i++) {
    const step = writes[i]!;
    if (step.kind === Kind.swap && step.a !== held[i]) return false;
    held[i + 1] = written(step);
  }
  return hasPlaceForAll(steps, writes, held);
}

/** Undefined when one has no revision, or two have the same. */
function inRevisionOrder(steps: readonly Step[], size: number): readonly Step[] | undefined {
  const told = revisionsOfReads(steps, size);
  const writes: { step: Step; revision: number }[] = [];
  for (const step of steps) {
    if (step.kind !== Kind.set && step.kind !== Kind.swap) continue;
    const revision = step.operation.revision ?? told[written(step)]!;
    if (!(revision > 0)) return undefined;
    writes.push({ step, revision });
  }
  writes.sort((x, y) => x.revision - y.revision);
  for (let i = 1; i < writes.length; i++)
    if (writes[i]!.revision === writes[i - 1]!.revision) return undefined;
  return writes.map(({ step }) => step);
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
function keepsToTheClock(writes: readonly Step[]): boolean {
  let latestCall = Number.NEGATIVE_INFINITY;
  for (const { call, ret } of writes) {
    if (call > latestCall) latestCall = call;
    if (ret < latestCall) return false;
  }
  return true;
}

function hasPlaceForAll(steps: readonly Step[], writes: readonly Step[], held: Int32Array): boolean {
  const places = new Places(held);
  /** By place: when the last of the writes before it was sent. */
  const sent = new Float64Array(writes.length + 1);
  sent[0] = Number.NEGATIVE_INFINITY;
  const placeOf = new Map<Step, number>();
  for (let i = 0; i < writes.length; i++) {
    sent[i + 1] = Math.max(sent[i]!, writes[i]!.call);
    placeOf.set(writes[i]!, i + 1);
  }
  const returns = [...steps].sort((x, y) => x.ret - y.ret);
  let returned = 0;
  /** The highest place of all that had returned. */
  let from = 0;
  for (const step of steps) {
    if (step.kind !== Kind.expect && step.kind !== Kind.expectNot) continue;
    for (; returns[returned]!.ret < step.call; returned++) {
      const place = placeOf.get(returns[returned]!);
      // What returned before was sent before, so its place is known; else its times are no times.
      if (place === undefined) return false;
      from = Math.max(from, place);
    }
    const place =
      step.kind === Kind.expect ? places.first(lookedFor(step), from) : firstOther(held, step.a, from);
    if (place === undefined || sent[place]! > step.ret) return false;
    placeOf.set(step, place);
  }
  return true;
}

/** The first place from this one on whose value is another. */
function firstOther(held: Int32Array, value: number, from: number): number | undefined {
  for (let place = from; place < held.length; place++) if (held[place] !== value) return place;
  return undefined;
}

/** Places knows where each value is. */
class Places {
  readonly #byValue = new Map<number, number[]>();

  constructor(held: Int32Array) {
    for (let place = 0; place < held.length; place++) {
      const known = this.#byValue.get(held[place]!);
      if (known === undefined) this.#byValue.set(held[place]!, [place]);
      else known.push(place);
    }
  }

  /** The first place from this one on that holds the value. */
  first(value: number, from: number): number | undefined {
    const places = this.#byValue.get(value);
    if (places === undefined) return undefined;
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return places[low];
  }
}
