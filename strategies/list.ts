import { builtProgram } from '../harness/project.ts';
import type { StrategyDescription } from '../harness/service/strategy.ts';
import { cachePolicies } from './cache/descriptions.ts';
import { consistencyRouting, consistencyRoutingNaive } from './consistency-routing/description.ts';
import { leaseSession, leaseSessionNaive } from './lease-session/description.ts';
import { watchedCopies } from './watched/description.ts';
import { writeBehind, writeBehindMemory, writeBehindNaive } from './write-behind/description.ts';

/** The strategies that are compared, as the harness starts and judges them. service.ts finds the code by the name. */
export const strategies: readonly StrategyDescription[] = [leaseSession, consistencyRouting, writeBehind].map(
  served,
);

/** The naive twins: each strategy as it is mostly written, with the promises that people believe it keeps. */
export const naiveTwins: readonly StrategyDescription[] = [
  leaseSessionNaive,
  consistencyRoutingNaive,
  writeBehindNaive,
].map(served);

/** Run by name: the same with less care, to show what the care buys, the cache policies, and the ways of watching. */
export const variants: readonly StrategyDescription[] = [
  ...naiveTwins,
  ...[writeBehindMemory, ...cachePolicies, ...watchedCopies].map(served),
];

function served(strategy: Omit<StrategyDescription, 'command'>): StrategyDescription {
  return {
    ...strategy,
    command: [process.execPath, builtProgram('strategies/service.ts')],
    opensOnLine: true,
    environment: { FAULTLINE_STRATEGY: strategy.name },
  };
}
