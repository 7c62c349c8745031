import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import type { Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Keeps the end of connections on the links of a place back: who was left goes on believing in the connection. */
export function slowClose(options: { place?: Place; delayMs?: number } = {}): Nemesis {
  const { place = 'instances-to-members', delayMs = 1_000 } = options;
  wholeNumbers({ delayMs }, 0);
  return linkFault({
    name: 'slow-close',
    summary: 'keeps the end of connections on the links of a place back',
    place,
    breaks: 'none',
    options: { delayMs },
    was: `as before, but the end of each connection came ${delayMs} ms late`,
    begin: (links, { network }) => network.impair(links, { kind: 'slow-close', delayMs }),
  });
}
