import { pathToFileURL } from 'node:url';
import { builtProgram } from '../../harness/project.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { strategies, variants } from '../../strategies/list.ts';
import type { Mutant } from './mutants.ts';

/** The strategy of a mutant as it should be. Throws a RangeError when there is none of its name. */
export function correct({ strategy, name }: Mutant): StrategyDescription {
  const found = [...strategies, ...variants].find((one) => one.name === strategy);
  if (found) return found;
  throw new RangeError(`there is no strategy ${strategy} for the mutant ${name}`);
}

/** The description of a mutant, to be started and judged like its strategy. Its name tells it: `lease-session+lost-compare`. */
export function mutated(mutant: Mutant): StrategyDescription {
  const strategy = correct(mutant);
  const [program, ...args] = strategy.command;
  const plant = pathToFileURL(builtProgram('test/corpus/plant.ts')).href;
  return {
    ...strategy,
    name: `${strategy.name}+${mutant.name}`,
    summary: `${strategy.name}, but ${mutant.summary}`,
    command: [program, '--import', plant, ...args],
    environment: { ...strategy.environment, FAULTLINE_MUTANT: mutant.name },
  };
}
