import type { Result } from '../result.ts';
import { type ChangePoint, changePoints } from './change-points.ts';
import { comparedFigures } from './run-comparison.ts';

/** A TrendEntry is one figure of one night: a line of the store, which is only ever appended to. */
export interface TrendEntry {
  /** When the run began. */
  readonly at: string;
  /** Figures of two machines, or of two profiles, are two series. */
  readonly machine: string;
  readonly profile: string;
  readonly scenario: string;
  readonly strategy: string;
  readonly metric: string;
  readonly value: number;
}

/** A Trend is one figure of one cell on one machine over the nights. */
export interface Trend extends Omit<TrendEntry, 'at' | 'value'> {
  /** Ascending. */
  readonly points: readonly { readonly at: string; readonly value: number }[];
  readonly changes: readonly ChangePoint[];
}

/** Void and spoiled cells are left out: their figures are of another load than was asked for. */
export function entriesOf({ manifest, cells }: Result): TrendEntry[] {
  const { machine, profile, startedAt } = manifest;
  return cells
    .filter(({ verdict }) => verdict === 'kept' || verdict === 'broken')
    .flatMap((cell) =>
      comparedFigures(cell).map(({ metric, value }) => ({
        at: startedAt,
        machine: `${machine.cpus} × ${machine.cpuModel}`,
        profile,
        scenario: cell.scenario,
        strategy: cell.strategy,
        metric,
        value,
      })),
    );
}

/** Series in the order in which they first appear. Of what is there twice (a run that was added again) the last counts. */
export function trendsOf(entries: readonly TrendEntry[]): Trend[] {
  const series = new Map<string, { of: TrendEntry; points: Map<string, number> }>();
  for (const entry of entries) {
    const { scenario, strategy, metric, machine, profile } = entry;
    const name = JSON.stringify([scenario, strategy, metric, machine, profile]);
    const own = series.get(name) ?? { of: entry, points: new Map<string, number>() };
    own.points.set(entry.at, entry.value);
    series.set(name, own);
  }
  return [...series.values()].map(({ of: { at: _at, value: _value, ...of }, points }) => {
    const sorted = [...points].map(([at, value]) => ({ at, value })).sort((a, b) => (a.at < b.at ? -1 : 1));
    return { ...of, points: sorted, changes: changePoints(sorted.map(({ value }) => value)) };
  });
}

/** Throws a RangeError that names the line which is no entry. A last line that was cut short is left out. */
export function parseTrendStore(text: string): TrendEntry[] {
  const lines = text.split('\n');
  const whole = text.endsWith('\n') ? lines : lines.slice(0, -1);
  return whole.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const entry = readLine(line);
    const named = ['at', 'machine', 'profile', 'scenario', 'strategy', 'metric'].every(
      (name) => typeof entry?.[name] === 'string',
    );
    if (!named || !Number.isFinite(entry?.value))
      throw new RangeError(
        `line ${i + 1} should be an entry of a trend ({"at", "machine", "profile", "scenario", "strategy", "metric", "value"}), got ${line.slice(0, 60)}`,
      );
    return [entry as unknown as TrendEntry];
  });
}

function readLine(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
