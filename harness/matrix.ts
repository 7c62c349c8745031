import { createHash } from 'node:crypto';
import { cellName } from './cell-name.ts';
import type { Measurement } from './measurement.ts';
import type { PlannedCell } from './run.ts';
import { type Profile, timeScaleOf } from './scenario.ts';

/** A Shard is one machine's part of a matrix: the second of four. */
export interface Shard {
  readonly shard: number;
  readonly of: number;
}

/** A Unit is what one machine does as a whole: a cell, all rounds of a comparison, or a measurement. */
export interface Unit {
  /** Of the cells and measurements in it, as `cellName` says them. */
  readonly names: readonly string[];
  readonly expectedMs: number;
  readonly cells: readonly PlannedCell[];
  readonly measurements: readonly Measurement[];
}

/** Start, preflight, final reads, end and judgement of a cell, measured on two cores; only the relation to the load counts. */
const aroundLoadMs = 4_000;
const perMemberMs = 300;
const measurementMs = 20_000;

/**
 * What a matrix consists of, in the order in which one machine would do it. Rounds are held against each other, so that
 * all of a comparison stay on one machine.
 */
export function unitsOf(
  cells: readonly PlannedCell[],
  measurements: readonly Measurement[],
  profile: Profile,
): readonly Unit[] {
  const together = new Map<string, PlannedCell[]>();
  for (const cell of cells) {
    const { scenario } = cell;
    const key = scenario.comparison || scenario.watching ? scenario.name : nameOf(cell);
    together.set(key, [...(together.get(key) ?? []), cell]);
  }
  return [
    ...[...together.values()].map((cells) => ({
      names: cells.map(nameOf),
      expectedMs: cells.reduce((sum, cell) => sum + expectedMs(cell, profile), 0),
      cells,
      measurements: [],
    })),
    ...measurements.map((one) => ({
      names: [one.name],
      expectedMs: measurementMs,
      cells: [],
      measurements: [one],
    })),
  ];
}

/**
 * One shard's units, in the matrix's order: the longest first, each to whom has the least so far. The same units give the
 * same division on every machine, and each unit is in exactly one shard. @throws RangeError for a shard that there is not
 */
export function unitsOfShard(units: readonly Unit[], { shard, of }: Shard): readonly Unit[] {
  if (!(Number.isInteger(of) && of >= 1 && Number.isInteger(shard) && shard >= 1 && shard <= of)) {
    throw new RangeError(`a shard should be from 1 to ${of}, got ${shard}`);
  }
  const loads = Array.from({ length: of }, () => 0);
  const own = new Set<Unit>();
  // Names break ties: the order does not hang on how a sort treats what is equal.
  const longestFirst = [...units].sort(
    (a, b) => b.expectedMs - a.expectedMs || compareText(a.names[0]!, b.names[0]!),
  );
  for (const unit of longestFirst) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += unit.expectedMs;
    if (least === shard - 1) own.add(unit);
  }
  return units.filter((unit) => own.has(unit));
}

/**
 * A fingerprint of all that decides the cells beside the seed: scenarios with their faults, load and tuning, what each
 * strategy promises, the profile. Shards of one matrix have the same.
 */
export function configurationOf(units: readonly Unit[], profile: Profile): string {
  // Of a nemesis JSON has the name and options, not the functions; programs have paths that differ by machine.
  const configuration = {
    profile,
    cells: units.flatMap(({ cells }) =>
      cells.map(({ scenario, strategy, round }) => ({
        scenario,
        strategy: strategy.name,
        promises: strategy.promises(timeScaleOf(scenario, profile)),
        round,
      })),
    ),
    measurements: units.flatMap(({ measurements }) => measurements.map(({ name }) => name)),
  };
  return createHash('sha256').update(JSON.stringify(configuration)).digest('hex').slice(0, 16);
}

function expectedMs({ scenario }: PlannedCell, profile: Profile): number {
  return profile.warmUpMs + profile.loadMs + aroundLoadMs + scenario.members * perMemberMs;
}

function nameOf({ scenario, strategy, round }: PlannedCell): string {
  return cellName({ scenario: scenario.name, strategy: strategy.name, round });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
