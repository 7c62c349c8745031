import { runCell } from '../../harness/run-cell.ts';
import { profiles, type Scenario } from '../../harness/scenario.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { instanceKill } from '../../scenarios/instance-kill.ts';
import { instancePause } from '../../scenarios/instance-pause.ts';
import { leaderPartition } from '../../scenarios/leader-partition.ts';
import { peerLatency } from '../../scenarios/peer-latency.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';
import type { Hunt, HuntingGround } from './bug.ts';
import { huntOf } from './cells.ts';

/** Half of the runs are steady, the other half have one of these faults. */
const faulted: readonly Scenario[] = [leaderPartition, peerLatency, instanceKill, instancePause];

export interface HealthyRun {
  readonly name: string;
  readonly seed: number;
  hunt(ground: HuntingGround): Promise<Hunt>;
}

/**
 * Runs of the strategies as they are, each with a seed of its own: every violation told in one of them is a false
 * alarm. Strategies in turn; steady and faulted in turn for each of them.
 */
export function healthyRuns(count: number, firstSeed: number): readonly HealthyRun[] {
  return Array.from({ length: count }, (_, i) => {
    const strategy = strategies[i % strategies.length]!;
    const round = Math.floor(i / strategies.length);
    const scenario = round % 2 === 0 ? steady : faulted[((round - 1) / 2) % faulted.length]!;
    return {
      name: `${scenario.name}, ${strategy.name}`,
      seed: firstSeed + i,
      hunt: (ground) => run(scenario, strategy, ground),
    };
  });
}

async function run(
  scenario: Scenario,
  strategy: StrategyDescription,
  { seed, etcd, folder, signal }: HuntingGround,
): Promise<Hunt> {
  const cell = await runCell({
    scenario,
    strategy,
    profile: profiles.quick,
    seed,
    etcd,
    folder,
    relativeFolder: '.',
    signal,
    onProgress: () => {},
  });
  return huntOf(cell);
}
