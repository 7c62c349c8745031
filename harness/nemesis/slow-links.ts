import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import type { Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Delays what passes the links of a place by latencyMs, give or take jitterMs, each way. */
export function slowLinks(options: { place?: Place; latencyMs?: number; jitterMs?: number } = {}): Nemesis {
  const { place = 'leader', latencyMs = 100 } = options;
  const { jitterMs = Math.min(20, latencyMs) } = options;
  wholeNumbers({ latencyMs }, 0);
  wholeNumbers({ jitterMs }, 0, latencyMs);
  return linkFault({
    name: 'slow-links',
    summary: 'delays what passes the links of a place, with jitter',
    place,
    breaks: 'none',
    options: { latencyMs, jitterMs },
    was: `delayed by ${latencyMs} ± ${jitterMs} ms each way`,
    begin: (links, { network }) => network.slow(links, { latencyMs, jitterMs }),
  });
}
