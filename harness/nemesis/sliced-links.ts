import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import type { Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Cuts what passes the links of a place into small slices with a pause after each: messages come in pieces. */
export function slicedLinks(
  options: { place?: Place; averageBytes?: number; delayMicros?: number } = {},
): Nemesis {
  const { place = 'leader', averageBytes = 64, delayMicros = 500 } = options;
  wholeNumbers({ averageBytes }, 1);
  wholeNumbers({ delayMicros }, 0);
  const variationBytes = Math.floor(averageBytes / 2);
  return linkFault({
    name: 'sliced-links',
    summary: 'cuts what passes the links of a place into small slices with pauses',
    place,
    breaks: 'one',
    options: { averageBytes, delayMicros },
    was: `cut into slices of ${averageBytes} ± ${variationBytes} bytes, ${delayMicros} µs apart`,
    begin: (links, { network }) =>
      network.impair(links, { kind: 'sliced', averageBytes, variationBytes, delayMicros }),
  });
}
