import type { Cut, Flavour } from '../network/network.ts';
import { again } from './again.ts';
import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import { brokenAt, type Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Cuts the links of a place and heals them again, in turn, every `everyMs`. It begins with a cut. */
export function flappingLinks(options: { place?: Place; flavour?: Flavour; everyMs?: number } = {}): Nemesis {
  const { place = 'leader', flavour = 'reject', everyMs = 200 } = options;
  wholeNumbers({ everyMs }, 1);
  return linkFault({
    name: 'flapping-links',
    summary: 'cuts the links of a place and heals them, again and again',
    place,
    breaks: brokenAt(place),
    options: { flavour, everyMs },
    was: `cut and healed in turn, every ${everyMs} ms (${flavour})`,
    async begin(links, { network }) {
      let cut: Cut | undefined = await network.cut(links, flavour);
      const heal = async () => {
        await cut?.heal();
        cut = undefined;
      };
      const flapping = again(async () => {
        if (cut) await heal();
        else cut = await network.cut(links, flavour);
      }, everyMs);
      return {
        heal: () => flapping.stop().finally(heal),
      };
    },
  });
}
