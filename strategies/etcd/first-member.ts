import { seeded } from '../../harness/random.ts';
import type { StrategyContext } from '../strategy.ts';

/** The index of the member that an instance asks first: by its name, so that instances begin at different ones. */
export function firstMember({ instance, etcd, seed }: StrategyContext): number {
  const number = /\d+$/.exec(instance)?.[0];
  return number === undefined
    ? seeded(seed)
        .fork(instance)
        .integer(0, etcd.length - 1)
    : Number(number) % etcd.length;
}
