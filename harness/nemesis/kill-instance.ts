import { anyInstance } from './any-instance.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/** Kills a service instance (SIGKILL); healing starts it again with its data folder and waits until it is ready. */
export function killInstance(): Nemesis {
  return {
    name: 'kill-instance',
    summary: 'kills a service instance with SIGKILL and starts it again',
    strikes: 'instances',
    healsByStarting: true,
    async inject(world) {
      const instance = anyInstance(world);
      await instance.kill();
      return {
        sentence: `${instance.name} was killed`,
        targets: [instance.name],
        heal: healOnce(() => instance.restart()),
      };
    },
  };
}
