import Table from 'cli-table3';
import type { Measurement } from '../measurement.ts';
import type { Plan } from '../run.ts';
import type { Profile, Scenario } from '../scenario.ts';
import { nemesesOf, planned } from '../schedule.ts';
import { type StepData, stepData } from '../schedule-file.ts';

/** What --dry-run --json prints: the same as the table, for programs. */
export function planData(
  cells: Plan['cells'],
  measurements: readonly Measurement[],
  profile: Profile,
  seed: number,
) {
  return {
    ...(measurements.length > 0 && { measurements: measurements.map(({ name }) => name) }),
    profile: profile.name,
    seed,
    cells: cells.map(({ scenario, strategy, round }) => ({
      scenario: scenario.name,
      strategy: strategy.name,
      round,
      members: scenario.members,
      instances: scenario.instances,
      ratePerSecond: scenario.ratePerSecond,
      loadMs: profile.loadMs,
      faults: planned(scenario, profile, seed).map(stepData),
    })),
  };
}

export function planText(
  cells: Plan['cells'],
  measurements: readonly Measurement[],
  profile: Profile,
  seed: number,
): string {
  const table = new Table({
    head: ['#', 'scenario', 'strategy', 'members', 'instances', 'rate/s', 'load'],
    style: { head: [], border: [] },
  });
  planData(cells, [], profile, seed).cells.forEach((cell, i) => {
    table.push([
      i + 1,
      cell.scenario,
      cell.strategy,
      cell.members,
      cell.instances,
      cell.ratePerSecond,
      `${cell.loadMs / 1000} s`,
    ]);
  });
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  const schedules = scheduleTable(scenarios, profile, seed) ?? 'No faults.';
  const inCells = cells.length > 0 ? `${table.toString()}\n${schedules}\n` : '';
  const measured = measurements.map(({ name, question }) => `${name}: ${question}\n`).join('');
  return `${inCells}${measured}${cells.length} cells, profile ${profile.name}, seed ${seed}; nothing was started.\n`;
}

/** What will be done when, one row a fault; undefined when nothing will be. */
export function scheduleTable(
  scenarios: readonly Scenario[],
  profile: Profile,
  seed: number,
): string | undefined {
  const table = new Table({
    head: ['scenario', 'at', 'for', 'fault', 'options'],
    colAligns: ['left', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [] },
  });
  for (const scenario of scenarios) {
    for (const step of planned(scenario, profile, seed).map(stepData)) {
      const seconds = [step.atMs, step.forMs].map((ms) => `${(ms / 1_000).toFixed(2)} s`);
      table.push([scenario.name, ...seconds, step.nemesis, optionsText(step)]);
    }
  }
  return table.length === 0 ? undefined : table.toString();
}

/** Of the faults that may come, those that this machine cannot do, and why: 'full-disk: mounting needs root'. */
export async function skippedIn(scenarios: readonly Scenario[]): Promise<string[]> {
  const nemeses = new Map(
    scenarios.flatMap(({ schedule }) => nemesesOf(schedule)).map((nemesis) => [nemesis.name, nemesis]),
  );
  const told = await Promise.all(
    [...nemeses.values()].map(async ({ name, unavailable }) => ({ name, reason: await unavailable?.() })),
  );
  return told.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
}

/** 'latencyMs 40, jitterMs 10' */
function optionsText({ options }: StepData): string {
  return Object.entries(options ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
