import type { Guarantee, StrategyDescription } from '../harness/service/strategy.ts';
import { strategies } from './list.ts';

/** A Mutant is a strategy with a bug planted in it: a harness that does not find it is worth nothing. */
export interface Mutant {
  readonly name: 'lost-compare' | 'stale-linearizable';
  readonly strategy: string;
  /** What was done to it. */
  readonly summary: string;
  /** The promise that a run must find broken, and what it takes to see it. */
  readonly breaks: Guarantee;
  readonly seenIn: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'lost-compare',
    strategy: 'lease-session',
    summary: 'the compare is removed: a compare-and-set always writes and always says that it did',
    breaks: 'linearizable',
    seenIn: 'any load in which processes compare and set the same keys at once',
  },
  {
    name: 'lost-compare',
    strategy: 'consistency-routing',
    summary: 'the compare is removed: a compare-and-set always writes and always says that it did',
    breaks: 'linearizable',
    seenIn: 'any load in which processes compare and set the same keys at once',
  },
  {
    name: 'stale-linearizable',
    strategy: 'lease-session',
    summary: 'linearizable reads are answered by the member that led at the start, out of what it has',
    breaks: 'linearizable',
    seenIn: 'a partition that cuts the leader off while others go on writing',
  },
  {
    name: 'stale-linearizable',
    strategy: 'consistency-routing',
    summary: 'linearizable reads are answered by the replica at once',
    breaks: 'linearizable',
    seenIn: 'any load with a replica that is fed over a slow or cut link',
  },
];

/** The description of a mutant, to be started and judged like its strategy. Its name tells it: `lease-session+lost-compare`. */
export function mutated(mutant: Mutant): StrategyDescription {
  const strategy = strategies.find(({ name }) => name === mutant.strategy);
  if (!strategy)
    throw new RangeError(`there is no strategy ${mutant.strategy} for the mutant ${mutant.name}`);
  return {
    ...strategy,
    name: `${strategy.name}+${mutant.name}`,
    summary: `${strategy.name}, but ${mutant.summary}`,
    environment: { ...strategy.environment, FAULTLINE_MUTANT: mutant.name },
  };
}
