import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import type { Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Lets only so many kilobytes (1,000 bytes) a second pass each link of a place, each way. */
export function thinLinks(options: { place?: Place; kilobytesPerSecond?: number } = {}): Nemesis {
  const { place = 'leader', kilobytesPerSecond = 20 } = options;
  // At 0 the link is on hold, which has a name of its own.
  wholeNumbers({ kilobytesPerSecond }, 1);
  return linkFault({
    name: 'thin-links',
    summary: 'limits the bandwidth of the links of a place',
    place,
    breaks: 'one',
    options: { kilobytesPerSecond },
    was: `limited to ${kilobytesPerSecond} KB/s for each link, each way`,
    begin: (links, { network }) => network.impair(links, { kind: 'thin', kilobytesPerSecond }),
  });
}
