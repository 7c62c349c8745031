import { bridge as bridged, halves } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import type { Nemesis } from './nemesis.ts';
import { partition } from './partition.ts';
import { spoken } from './peers.ts';

/** Splits the members in two halves that only one member between them still reaches: m1 m2 | m3 | m4 m5. */
export function bridge({ flavour = 'blackhole' }: { flavour?: Flavour } = {}): Nemesis {
  return partition({
    name: 'bridge',
    summary: 'splits the members in two halves that only one member still reaches',
    breaks: 'minority',
    flavour,
    grudge: bridged,
    told(names) {
      const { minority, majority } = halves(names);
      const [middle, ...rest] = majority;
      return `${spoken(minority)} and ${spoken(rest)} were cut off from each other, and only ${middle} reached both sides`;
    },
  });
}
