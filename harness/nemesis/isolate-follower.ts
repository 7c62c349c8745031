import type { Flavour } from '../network/network.ts';
import { isolate } from './isolate.ts';
import type { Nemesis } from './nemesis.ts';

/** Cuts one follower off from all other members; services still reach it. The seed chooses which. */
export function isolateFollower(options: { flavour?: Flavour } = {}): Nemesis {
  return isolate('isolate-follower', 'follower', options.flavour ?? 'blackhole');
}
