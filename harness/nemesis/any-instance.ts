import type { Instance } from '../service/instance.ts';
import type { World } from './nemesis.ts';

/** One of the service instances that are up; the seed decides which. */
export function anyInstance({ instances, random }: Pick<World, 'instances' | 'random'>): Instance {
  const up = instances.filter(({ state }) => state === 'up');
  if (up.length === 0) {
    const states = instances.map(({ name, state }) => `${name} is ${state}`).join(', ');
    throw new RangeError(
      `expected at least one service instance to strike that is up, got ${states || 'none'}`,
    );
  }
  return random.pick(up);
}
