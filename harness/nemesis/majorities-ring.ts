import { reachable, majoritiesRing as ring } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import type { Nemesis } from './nemesis.ts';
import { partition } from './partition.ts';

/** Leaves every member a majority that it reaches, and no two the same one. Of three members it is a bridge. */
export function majoritiesRing({ flavour = 'blackhole' }: { flavour?: Flavour } = {}): Nemesis {
  return partition({
    name: 'majorities-ring',
    summary: 'leaves every member a majority that it reaches, and no two the same one',
    breaks: 'minority',
    flavour,
    grudge: ring,
    told(names) {
      const grudge = ring(names);
      const seen = [...names]
        .sort()
        .map((name) => `${name} reached ${reachable(name, names, grudge).length - 1}`);
      return `members were cut off on a ring: of ${names.length - 1} others ${seen.join(', ')}`;
    },
  });
}
