import { arrived, type Pair, type PeerTraffic } from './peer-traffic.ts';

/**
 * How often the others must hear something more before a pair that heard nothing is taken for silent. A leader speaks
 * to all at the same time, so that two would do if all could be asked in the same moment: one that was counted here
 * already and there not yet makes a difference of one.
 */
const timesHeard = 3;

/**
 * A Contrast shows that some pairs are silent while others go on talking: nothing more arrives of the former while
 * something more arrives of each of the latter three times. What still arrives of those that should be silent starts
 * it again, since it may have been under way when the links were cut.
 *
 * Pure: countings in, one after the other.
 */
export class Contrast {
  readonly #silent: readonly Pair[];
  readonly #talking: readonly Pair[];
  #last: PeerTraffic | undefined;
  #loud: readonly Pair[] = [];
  #heard: number[];

  constructor(pairs: { readonly silent: readonly Pair[]; readonly talking: readonly Pair[] }) {
    this.#silent = pairs.silent;
    this.#talking = pairs.talking;
    this.#heard = this.#talking.map(() => 0);
  }

  add(traffic: PeerTraffic): void {
    const last = this.#last;
    this.#last = traffic;
    if (last === undefined) return;
    const loud = arrived(this.#silent, last, traffic);
    if (loud.length > 0) {
      this.#loud = loud;
      this.#heard = this.#talking.map(() => 0);
      return;
    }
    const grown = arrived(this.#talking, last, traffic);
    this.#heard = this.#heard.map((times, index) => times + (grown.includes(this.#talking[index]!) ? 1 : 0));
  }

  get shown(): boolean {
    return this.#heard.every((times) => times >= timesHeard);
  }

  /** Why it is not shown: which arrived last although they should not, or which were not heard often enough. */
  get missing(): { readonly loud: readonly Pair[]; readonly stopped: readonly Pair[] } {
    const stopped = this.#talking.filter((_pair, index) => this.#heard[index]! === 0);
    // One that was loud until the end has kept all from being heard; that is its doing, not theirs.
    return this.#loud.length > 0 ? { loud: this.#loud, stopped: [] } : { loud: [], stopped };
  }
}
