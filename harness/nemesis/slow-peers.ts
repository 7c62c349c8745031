import { apart, linksOf } from '../network/grudge.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';

/** Delays everything between members by latencyMs, give or take jitterMs; clients' own links stay quick. */
export function slowPeers(options: { latencyMs?: number; jitterMs?: number } = {}): Nemesis {
  const latencyMs = options.latencyMs ?? 75;
  const jitterMs = options.jitterMs ?? Math.min(50, latencyMs);
  if (!(Number.isInteger(latencyMs) && latencyMs >= 0))
    throw new RangeError(`latencyMs should be a whole number, 0 or more, got ${latencyMs}`);
  if (!(Number.isInteger(jitterMs) && jitterMs >= 0 && jitterMs <= latencyMs))
    throw new RangeError(`jitterMs should be between 0 and latencyMs (${latencyMs}), got ${jitterMs}`);
  return {
    name: 'slow-peers',
    summary: `delays everything between members by ${latencyMs} ± ${jitterMs} ms`,
    breaks: 'none',
    linksOnly: true,
    options: { latencyMs, jitterMs },
    async inject(world) {
      const names = memberNames(world);
      needPeers(names);
      const slow = await world.network.slow(linksOf(apart(...names.map((name) => [name])), world.network), {
        latencyMs,
        jitterMs,
      });
      return {
        sentence: `everything between ${spoken(names)} was delayed by ${latencyMs} ± ${jitterMs} ms`,
        targets: names,
        heal: healOnce(() => slow.heal()),
      };
    },
  };
}
