import { checkSize } from './policy.ts';
import type { Trace } from './trace.ts';

/** What a trace made of a cache. Each access that is not a hit is a load. */
export interface TraceCount {
  readonly hits: number;
  readonly loads: number;
  readonly evictions: number;
}

/**
 * Belady's optimum (OPT, MIN): it knows the future and evicts the key that is used again last, or never. Exact for
 * caches that keep whatever they load (no bypass), hold `size` keys of equal weight and load only what is asked for:
 * none of them has more hits on this trace.
 *
 * Time O(references x log size); memory 4 bytes an access and some 10 bytes an entry.
 */
export function optimum({ keys, references }: Trace, size: number): TraceCount {
  checkSize(size);
  const nextUses = nextUsesOf(references, keys.length);
  const resident = new Uint8Array(keys.length);
  /** When each resident is used next. No two keys are used at the same place, so a place stands for its key. */
  const uses = new FurthestUse(Math.min(size, keys.length));
  /** Residents that are never used again. */
  const done: number[] = [];
  let residents = 0;
  let hits = 0;
  let evictions = 0;
  for (let now = 0; now < references.length; now++) {
    const key = references[now]!;
    if (resident[key] === 1) {
      hits += 1;
    } else {
      if (residents === size) {
        const evicted = done.pop() ?? references[uses.take()]!;
        resident[evicted] = 0;
        evictions += 1;
      } else {
        residents += 1;
      }
      resident[key] = 1;
    }
    const next = nextUses[now]!;
    if (next === never) done.push(key);
    else uses.add(next, now);
  }
  return { hits, loads: references.length - hits, evictions };
}

const never = 0xffff_ffff;

function nextUsesOf(references: Uint32Array, keys: number): Uint32Array {
  const nextUses = new Uint32Array(references.length);
  const seen = new Uint32Array(keys).fill(never);
  for (let i = references.length - 1; i >= 0; i--) {
    const key = references[i]!;
    nextUses[i] = seen[key]!;
    seen[key] = i;
  }
  return nextUses;
}

/**
 * A FurthestUse is a heap of places in a trace, the furthest first. A place that has been passed stays in it until
 * there is no room: being less than every place to come, it is never on top while there is one.
 */
class FurthestUse {
  readonly #places: Uint32Array;
  #length = 0;

  /** `ahead`: the most places to come that it holds at a time. */
  constructor(ahead: number) {
    this.#places = new Uint32Array(ahead * 2 + 1);
  }

  add(place: number, now: number): void {
    if (this.#length === this.#places.length) this.#dropPassed(now);
    this.#rise(this.#length++, place);
  }

  /** Removes the furthest and returns it. */
  take(): number {
    const top = this.#places[0]!;
    this.#length -= 1;
    if (this.#length > 0) this.#sink(0, this.#places[this.#length]!);
    return top;
  }

  #dropPassed(now: number): void {
    const places = this.#places;
    let kept = 0;
    for (let i = 0; i < this.#length; i++) if (places[i]! > now) places[kept++] = places[i]!;
    this.#length = kept;
    for (let i = (kept >>> 1) - 1; i >= 0; i--) this.#sink(i, places[i]!);
  }

  #rise(from: number, place: number): void {
    const places = this.#places;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (places[parent]! >= place) break;
      places[at] = places[parent]!;
      at = parent;
    }
    places[at] = place;
  }

  #sink(from: number, place: number): void {
    const places = this.#places;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && places[child + 1]! > places[child]!) child += 1;
      if (places[child]! <= place) break;
      places[at] = places[child]!;
      at = child;
    }
    places[at] = place;
  }
}
