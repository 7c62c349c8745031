import { builtProgram } from '../harness/project.ts';
import type { StrategyDescription } from '../harness/service/strategy.ts';
import { cachePolicies } from './cache/descriptions.ts';
import { consistencyRouting } from './consistency-routing/description.ts';
import { leaseSession } from './lease-session/description.ts';
import { writeBehind, writeBehindMemory } from './write-behind/description.ts';

/** The strategies that are compared, as the harness starts and judges them. service.ts finds the code by the name. */
export const strategies: readonly StrategyDescription[] = [leaseSession, consistencyRouting, writeBehind].map(
  served,
);

/** Run by name: the same with less care, to show what the care buys, and the cache policies. */
export const variants: readonly StrategyDescription[] = [writeBehindMemory, ...cachePolicies].map(served);

function served(strategy: Omit<StrategyDescription, 'command'>): StrategyDescription {
  return {
    ...strategy,
    command: [process.execPath, builtProgram('strategies/service.ts')],
    environment: { FAULTLINE_STRATEGY: strategy.name },
  };
}
