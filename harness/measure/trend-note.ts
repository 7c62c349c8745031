import { cellName } from '../cell-name.ts';
import type { Trend } from './trend.ts';

/** A TrendNote says what is known of a run in a trend: why its figures changed. A line of the store, like an entry. */
export interface TrendNote {
  /** When the run began. */
  readonly at: string;
  readonly scenario: string;
  readonly strategy: string;
  readonly metric: string;
  readonly note: string;
}

/** A note explains a change this many values from it: where a step among noise began is told no finer. */
const reach = 2;

/** Of several that are as near, the first. */
export function nearestNote<T extends { readonly index: number }>(
  index: number,
  notes: readonly T[],
): T | undefined {
  const apart = (note: T) => Math.abs(note.index - index);
  return notes.filter((note) => apart(note) <= reach).sort((a, b) => apart(a) - apart(b))[0];
}

/**
 * The note that `steady--write-behind:p50:2026-01-13=etcd 3.6.5` asks for: the stable name of a cell, a figure, when
 * the run began (as much of it as tells it from others), and what is to be said. Throws a RangeError that names what
 * was not found and what there is.
 */
export function noteOn(trends: readonly Trend[], asked: string): TrendNote {
  const found = /^([^:=]+):([^:=]+):([^=]+)=(.*\S.*)$/s.exec(asked);
  if (found === null)
    throw new RangeError(
      `a note should be CELL:METRIC:RUN=TEXT, as in 'steady--write-behind:p50:2026-01-13=etcd 3.6.5', got '${asked}'`,
    );
  const [cell, metric, run, note] = found.slice(1).map((part) => part.trim()) as [
    string,
    string,
    string,
    string,
  ];
  const ofCell = trends.filter((trend) => cellName(trend) === cell);
  if (ofCell.length === 0) throw missing('cell', cell, trends.map(cellName));
  const series = ofCell.filter((trend) => trend.metric === metric);
  if (series.length === 0)
    throw missing(
      `metric of ${cell}`,
      metric,
      ofCell.map((trend) => trend.metric),
    );
  const runs = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))];
  const [at, ...others] = runs.filter((one) => one.startsWith(run));
  if (at === undefined) throw missing(`run of ${cell}`, run, runs.slice(-5));
  if (others.length > 0)
    throw new RangeError(
      `the run of a note should be one, got '${run}', which ${[at, ...others].slice(0, 5).join(', ')} begin with`,
    );
  const { scenario, strategy } = series[0]!;
  return { at, scenario, strategy, metric, note };
}

function missing(what: string, named: string, there: readonly string[]): RangeError {
  const names = [...new Set(there)];
  return new RangeError(
    `the ${what} in a note should be one that is stored (${names.length === 0 ? 'there is none yet' : names.join(', ')}), got '${named}'`,
  );
}
