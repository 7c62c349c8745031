import { anyInstance } from './any-instance.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/** Shuts a service instance down in order (SIGTERM), as a deployment does; healing starts it again. */
export function restartInstance(): Nemesis {
  return {
    name: 'restart-instance',
    summary: 'shuts a service instance down in order and starts it again',
    strikes: 'instances',
    healsByStarting: true,
    async inject(world) {
      const instance = anyInstance(world);
      await instance.stop();
      return {
        sentence: `${instance.name} was shut down`,
        targets: [instance.name],
        heal: healOnce(async () => {
          if (instance.state === 'down') await instance.restart();
        }),
      };
    },
  };
}
