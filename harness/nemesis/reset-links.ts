import { again } from './again.ts';
import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import { brokenAt, type Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/**
 * Resets all connections on the links of a place every `everyMs`; new ones are let in at once. What loss of packets
 * comes to in the end, since TCP hides each single one.
 */
export function resetLinks(options: { place?: Place; everyMs?: number } = {}): Nemesis {
  const { place = 'peers', everyMs = 300 } = options;
  wholeNumbers({ everyMs }, 1);
  return linkFault({
    name: 'reset-links',
    summary: 'resets all connections on the links of a place, again and again',
    place,
    breaks: brokenAt(place),
    options: { everyMs },
    was: `as before, but its connections were reset every ${everyMs} ms`,
    async begin(links, { network }) {
      const resetAll = async () => (await network.cut(links, 'reject')).heal();
      await resetAll();
      const resets = again(resetAll, everyMs);
      return { heal: () => resets.stop() };
    },
  });
}
