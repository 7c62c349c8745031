import type { Violation } from '../../harness/checker/checker.ts';
import type { Cell } from '../../harness/result.ts';
import { runCell } from '../../harness/run-cell.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';
import type { Bug, Hunt, HuntingGround, Sighting } from './bug.ts';
import { type Mutant, mutants } from './mutants.ts';
import { correct, mutated } from './mutated.ts';
import { profileOf, type Trap, trapNamed } from './scenarios.ts';

/** The mutants that a cell finds: an ordinary run of a scenario, judged by the promises of the strategy. */
export const mutantBugs: readonly Bug[] = mutants.map(bugOf);

function bugOf(mutant: Mutant): Bug {
  const trap = trapNamed(mutant.scenario);
  return {
    name: mutant.name,
    kind: 'mutant',
    scenario: `${mutant.scenario}, ${mutant.strategy}`,
    violation: mutant.violation,
    hunt: (ground) => huntInCell(trap, mutated(mutant), ground),
    control: {
      name: `${mutant.scenario}, ${mutant.strategy}`,
      hunt: (ground) => huntInCell(trap, correct(mutant), ground),
    },
  };
}

export async function huntInCell(
  trap: Trap,
  strategy: StrategyDescription,
  { seed, etcd, folder, signal }: HuntingGround,
): Promise<Hunt> {
  const cell = await runCell({
    scenario: trap.scenario,
    strategy,
    profile: profileOf(trap),
    seed,
    etcd,
    folder,
    relativeFolder: '.',
    signal,
    onProgress: () => {},
  });
  return huntOf(cell);
}

/** A void run is no silence: the service did not work even before the faults, and nothing could be seen in it. */
export function huntOf(cell: Pick<Cell, 'violations' | 'verdict' | 'reason' | 'promises'>): Hunt {
  if (cell.violations.length > 0) return { state: 'found', sightings: cell.violations.map(sightingOf) };
  if (cell.verdict === 'error') return { state: 'failed', reason: cell.reason ?? 'it did not say why' };
  if (cell.promises.every(({ state }) => state === 'unknown'))
    return { state: 'failed', reason: `nothing proved: ${cell.reason}` };
  return { state: 'silent', note: cell.reason };
}

function sightingOf({ checker, summary, atNs, operations }: Violation): Sighting {
  const endsNs = operations.map(({ returnNs }) => returnNs).filter(Number.isFinite);
  return { violation: checker, summary, afterMs: Math.max(atNs, ...endsNs) / 1e6 };
}
