import type { Result } from '../result.ts';
import { type ChangePoint, changePoints } from './change-points.ts';
import { comparedFigures } from './run-comparison.ts';
import { nearestNote, type TrendNote } from './trend-note.ts';

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
  readonly changes: readonly (ChangePoint & {
    /** What is known of it, where a note stands at it. */
    readonly known?: string;
  })[];
  /** Of its runs, by which point they stand at. */
  readonly notes: readonly { readonly index: number; readonly text: string }[];
}

/** A TrendStore is what a store's lines hold. */
export interface TrendStore {
  readonly entries: readonly TrendEntry[];
  readonly notes: readonly TrendNote[];
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

/**
 * Series in the order in which they first appear. Of what is there twice (a run that was added again, a note that was
 * written anew) the last counts.
 */
export function trendsOf({ entries, notes }: TrendStore): Trend[] {
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
    const texts = new Map(notes.filter((note) => isOf(note, of)).map(({ at, note }) => [at, note]));
    const own = sorted.flatMap(({ at }, index) => {
      const text = texts.get(at);
      return text === undefined ? [] : [{ index, text }];
    });
    const changes = changePoints(sorted.map(({ value }) => value)).map((change) => {
      const known = nearestNote(change.index, own)?.text;
      return { ...change, ...(known !== undefined && { known }) };
    });
    return { ...of, points: sorted, changes, notes: own };
  });
}

function isOf(note: TrendNote, of: Pick<Trend, 'scenario' | 'strategy' | 'metric'>): boolean {
  return note.scenario === of.scenario && note.strategy === of.strategy && note.metric === of.metric;
}

/** Throws a RangeError that names the line which is no entry. A last line that was cut short is left out. */
export function parseTrendStore(text: string): TrendStore {
  const lines = text.split('\n');
  const whole = text.endsWith('\n') ? lines : lines.slice(0, -1);
  const entries: TrendEntry[] = [];
  const notes: TrendNote[] = [];
  whole.forEach((line, i) => {
    if (line.trim() === '') return;
    const read = readLine(line);
    const hasTexts = (...names: readonly string[]) => names.every((name) => typeof read?.[name] === 'string');
    const named = hasTexts('at', 'scenario', 'strategy', 'metric');
    if (named && hasTexts('note')) notes.push(read as unknown as TrendNote);
    else if (named && hasTexts('machine', 'profile') && Number.isFinite(read?.value))
      entries.push(read as unknown as TrendEntry);
    else
      throw new RangeError(
        `line ${i + 1} should be an entry of a trend ({"at", "machine", "profile", "scenario", "strategy", "metric", "value"}) or a note ({"at", "scenario", "strategy", "metric", "note"}), got ${line.slice(0, 60)}`,
      );
  });
  return { entries, notes };
}

function readLine(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
