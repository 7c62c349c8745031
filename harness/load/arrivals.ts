import type { Random } from '../random.ts';

/** Arrivals say when operations are due: each call the next time, in nanoseconds after load began. */
export interface Arrivals {
  nextNs(): number;
}

/**
 * `constant`: evenly apart, the first at once. `poisson`: independent of each other, as from many users, so that
 * bursts and lulls occur; the first after one gap. Times never fall.
 */
export function arrivals(kind: 'constant' | 'poisson', ratePerSecond: number, random: Random): Arrivals {
  if (!(ratePerSecond > 0 && Number.isFinite(ratePerSecond))) {
    throw new RangeError(`ratePerSecond should be a number above 0, got ${ratePerSecond}`);
  }
  const gapNs = 1e9 / ratePerSecond;
  if (kind === 'constant') {
    let count = 0;
    // Multiplied, not added up: a rounded gap would drift away from the rate.
    return { nextNs: () => Math.round(count++ * gapNs) };
  }
  let atNs = 0;
  return {
    nextNs() {
      // number() is below 1, so the logarithm is finite.
      atNs -= Math.log(1 - random.number()) * gapNs;
      return Math.round(atNs);
    },
  };
}
