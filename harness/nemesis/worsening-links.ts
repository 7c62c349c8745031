import type { Cut } from '../network/network.ts';
import { again } from './again.ts';
import { linkFault } from './link-fault.ts';
import type { Nemesis } from './nemesis.ts';
import type { Place } from './place.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Delays what passes the links of a place, and by `stepMs` more every `everyMs`, up to `mostMs`: a link going bad. */
export function worseningLinks(
  options: { place?: Place; stepMs?: number; everyMs?: number; mostMs?: number } = {},
): Nemesis {
  const { place = 'leader', everyMs = 250, mostMs = 400 } = options;
  const { stepMs = Math.min(20, mostMs) } = options;
  wholeNumbers({ stepMs, everyMs }, 1);
  wholeNumbers({ mostMs }, stepMs);
  return linkFault({
    name: 'worsening-links',
    summary: 'delays what passes the links of a place, more and more',
    place,
    breaks: 'one',
    options: { stepMs, everyMs, mostMs },
    was: `delayed by ${stepMs} ms, and by as much more every ${everyMs} ms (at most ${mostMs} ms)`,
    async begin(links, { network }) {
      const steps: Cut[] = [];
      // Delays on one link add up: each waits for what the one before lets through.
      const worsen = async () => {
        if ((steps.length + 1) * stepMs > mostMs) return;
        steps.push(await network.slow(links, { latencyMs: stepMs, jitterMs: 0 }));
      };
      await worsen();
      const worse = again(worsen, everyMs);
      return {
        heal: () =>
          worse.stop().finally(async () => {
            await Promise.all(steps.map((step) => step.heal()));
          }),
      };
    },
  });
}
