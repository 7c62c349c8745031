import { apart } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import type { Nemesis } from './nemesis.ts';
import { partition } from './partition.ts';
import { spoken } from './peers.ts';

/** Cuts every member off from every other: nobody can commit, and nobody should say so. */
export function isolateAll({ flavour = 'blackhole' }: { flavour?: Flavour } = {}): Nemesis {
  return partition({
    name: 'isolate-all',
    summary: 'cuts every member off from every other',
    breaks: 'majority',
    flavour,
    grudge: (names) => apart(...names.map((name) => [name])),
    told: (names) => `${spoken([...names].sort())} were each cut off from all others`,
  });
}
