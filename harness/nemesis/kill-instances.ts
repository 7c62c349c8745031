import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { spoken } from './peers.ts';

/** Kills all service instances at once (SIGKILL); healing starts them again, together. */
export function killInstances(): Nemesis {
  return {
    name: 'kill-instances',
    summary: 'kills all service instances at once with SIGKILL and starts them again',
    strikes: 'instances',
    healsByStarting: true,
    async inject({ instances }) {
      const up = instances.filter(({ state }) => state !== 'down');
      if (up.length === 0) throw new RangeError('expected service instances to strike, got none that is up');
      await Promise.all(up.map((instance) => instance.kill()));
      const names = up.map(({ name }) => name);
      return {
        sentence: `${spoken(names)} were killed at once`,
        targets: names,
        heal: healOnce(async () => {
          const down = up.filter(({ state }) => state === 'down');
          await Promise.all(down.map((instance) => instance.restart()));
        }),
      };
    },
  };
}
