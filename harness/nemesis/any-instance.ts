import type { Instance } from '../service/instance.ts';
import type { World } from './nemesis.ts';

/** One of the service instances; the seed decides which. */
export function anyInstance({ instances, random }: Pick<World, 'instances' | 'random'>): Instance {
  if (instances.length === 0) {
    throw new RangeError('expected at least one service instance to strike, got none');
  }
  return random.pick(instances);
}
