import type { Random } from '../random.ts';
import type { KeyDistribution } from './workload.ts';

/** A KeyChooser says which key an operation is about: a whole number in [0, keys). */
export interface KeyChooser {
  next(): number;
}

/** Which keys are popular follows from `random` too, so that two seeds do not heat the same keys. */
export function keyChooser(distribution: KeyDistribution, keys: number, random: Random): KeyChooser {
  switch (distribution.kind) {
    case 'uniform':
      return { next: () => random.integer(0, keys - 1) };
    case 'zipf':
      return byShare(zipfShares(keys, distribution.theta), permuted(keys, random), random);
    case 'hotspot':
      return hotspot(distribution, permuted(keys, random), random);
  }
}

/**
 * The exact bounded Zipf: the share of rank r (from 1) is r^-theta / sum of all i^-theta. YCSB's scrambled
 * variant is something else: it gives the top one of 1,000 keys 3.9 % where this gives 12.9 % (theta 0.99).
 */
export function zipfShares(keys: number, theta: number): Float64Array {
  const shares = new Float64Array(keys);
  let sum = 0;
  for (let i = 0; i < keys; i++) {
    shares[i] = (i + 1) ** -theta;
    sum += shares[i]!;
  }
  for (let i = 0; i < keys; i++) shares[i]! /= sum;
  return shares;
}

/** The share of the accesses that the most popular key gets. */
export function topShare(distribution: KeyDistribution, keys: number): number {
  switch (distribution.kind) {
    case 'uniform':
      return 1 / keys;
    case 'zipf':
      return zipfShares(keys, distribution.theta)[0]!;
    case 'hotspot': {
      const hot = hotKeys(distribution, keys);
      return hot === keys
        ? 1 / keys
        : Math.max(distribution.accessShare / hot, (1 - distribution.accessShare) / (keys - hot));
    }
  }
}

/** "zipf theta 0.99 over 1000 keys, the top key gets 12.9 %" */
export function describeKeys(distribution: KeyDistribution, keys: number): string {
  const top = `the top key gets ${(topShare(distribution, keys) * 100).toPrecision(3)} %`;
  switch (distribution.kind) {
    case 'uniform':
      return `uniform over ${keys} keys, ${top}`;
    case 'zipf':
      return `zipf theta ${distribution.theta} over ${keys} keys, ${top}`;
    case 'hotspot':
      return `${percent(distribution.accessShare)} of the accesses to ${percent(distribution.keyShare)} of ${keys} keys, ${top}`;
  }
}

/** Draws ranks with the given shares by a search in their running sum, and maps each to its key. */
function byShare(shares: Float64Array, keyOfRank: readonly number[], random: Random): KeyChooser {
  const upTo = new Float64Array(shares.length);
  let sum = 0;
  for (let i = 0; i < shares.length; i++) upTo[i] = sum += shares[i]!;
  return {
    next() {
      // The sum may end a rounding error away from 1; scaled by it no draw falls beyond the last rank.
      const drawn = random.number() * sum;
      let low = 0;
      let high = upTo.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (upTo[middle]! > drawn) high = middle;
        else low = middle + 1;
      }
      return keyOfRank[low]!;
    },
  };
}

function hotspot(
  distribution: Extract<KeyDistribution, { kind: 'hotspot' }>,
  keyOfRank: readonly number[],
  random: Random,
): KeyChooser {
  const keys = keyOfRank.length;
  const hot = hotKeys(distribution, keys);
  return {
    next() {
      const isHot = hot === keys || random.number() < distribution.accessShare;
      return keyOfRank[isHot ? random.integer(0, hot - 1) : random.integer(hot, keys - 1)]!;
    },
  };
}

/** At least one, even when the share of few keys rounds to none. */
function hotKeys(distribution: Extract<KeyDistribution, { kind: 'hotspot' }>, keys: number): number {
  return Math.max(1, Math.round(distribution.keyShare * keys));
}

function permuted(keys: number, random: Random): number[] {
  return random.fork('ranks').shuffle(Array.from({ length: keys }, (_, i) => i));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
