import type { Flavour } from '../network/network.ts';
import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import { brokenAt, type Place } from './place.ts';

/** Cuts the links of a place: instances lose their members or their database, the replica its primary. */
export function cutLinks(options: { place?: Place; flavour?: Flavour } = {}): Nemesis {
  const { place = 'instance-to-members', flavour = 'blackhole' } = options;
  return linkFault({
    name: 'cut-links',
    summary: 'cuts the links of a place: between instances and members, to the database, of the replica',
    place,
    breaks: brokenAt(place),
    options: { flavour },
    was: `cut (${flavour})`,
    begin: (links, { network }) => network.cut(links, flavour),
  });
}
