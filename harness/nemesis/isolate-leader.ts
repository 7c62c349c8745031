import type { Flavour } from '../network/network.ts';
import { isolate } from './isolate.ts';
import type { Nemesis } from './nemesis.ts';

/** Cuts the leader off from all other members; services still reach it, as clients of its own side would. */
export function isolateLeader(options: { flavour?: Flavour } = {}): Nemesis {
  return isolate('isolate-leader', 'leader', options.flavour ?? 'blackhole');
}
