import type { Comparison, ComparisonRow, Spread } from '../harness/result.ts';
import { figure, none, share } from './figures.ts';

/** One column of a comparison, the same in every report. `published`: what somebody else found, not measured here. */
export interface ComparisonColumn {
  /** Two lines at most. */
  readonly heading: string;
  readonly published?: true;
  text(row: ComparisonRow): string;
  /** The least and the most over the rounds; undefined where there is one value only. */
  spread?(row: ComparisonRow): string | undefined;
}

const strategy: ComparisonColumn = { heading: 'strategy', text: (row) => row.strategy };

export const comparisonColumns: readonly ComparisonColumn[] = [
  strategy,
  measured('average\nms', (row) => row.averageMs, figure),
  measured('p99\nms', (row) => row.p99Ms, figure),
  measured('hit\nrate', (row) => row.hitRate, percent),
  measured('DB\nQPS', (row) => row.databaseQps, figure),
  measured('over\nbaseline', (row) => row.databaseQpsOverBaseline, signed),
  measured('queries/\nrequest', (row) => row.queriesPerRequest, perRequest),
];

export const publishedColumns: readonly ComparisonColumn[] = [
  { heading: 'published\nms', published: true, text: (row) => asPublished(row.published?.averageMs) },
  { heading: 'hit\nrate', published: true, text: (row) => percent(row.published?.hitRate) },
  { heading: 'DB\nQPS', published: true, text: (row) => signed(row.published?.databaseQps) },
];

function measured(
  heading: string,
  of: (row: ComparisonRow) => Spread | null,
  tell: (value: number) => string,
): ComparisonColumn {
  return {
    heading,
    text: (row) => {
      const spread = of(row);
      return spread ? tell(spread.median) : none;
    },
    spread: (row) => {
      const spread = of(row);
      return spread && spread.min < spread.max ? `${tell(spread.min)}…${tell(spread.max)}` : undefined;
    },
  };
}

/** What the figures are, and of how many rounds. */
export function comparisonNote(
  { rounds, baseline }: Comparison,
  shown: { readonly spreads: boolean },
): string {
  return `Medians of ${rounds.counted} of ${rounds.planned} rounds${shown.spreads ? ' (least…most)' : ''}. Over baseline: DB QPS less that of ${baseline} in the same round. Latency counts from when an operation was due.`;
}

export function publishedNote({ publishedBy }: Comparison): string {
  return `Published figures, measured elsewhere: ${publishedBy}.`;
}

/** As it was told: nothing of it is rounded away. */
function asPublished(value: number | undefined): string {
  return value === undefined ? none : String(value);
}

function percent(part: number | undefined): string {
  return share(part).replace(' ', '');
}

function signed(value: number | undefined): string {
  if (value === undefined) return none;
  return value > 0 ? `+${figure(value)}` : figure(value).replace('-', '−');
}

function perRequest(value: number): string {
  return value.toFixed(3);
}
