import { anyInstance } from './any-instance.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/**
 * Stops a service instance (SIGSTOP) as a long garbage collection would; healing lets it go on. What was sent to it
 * meanwhile lies in its sockets: it wakes with requests, and with beliefs, that are as old as the pause.
 */
export function pauseInstance(): Nemesis {
  return {
    name: 'pause-instance',
    summary: 'stops a service instance with SIGSTOP and lets it go on',
    strikes: 'instances',
    async inject(world) {
      const instance = anyInstance(world);
      await instance.pause();
      return {
        sentence: `${instance.name} was paused`,
        targets: [instance.name],
        heal: healOnce(() => instance.resume()),
      };
    },
  };
}
