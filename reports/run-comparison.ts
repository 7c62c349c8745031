import type { ComparedMetric, RunComparison } from '../harness/measure/run-comparison.ts';
import { figure, none, share } from './figures.ts';

/** The columns of a comparison of runs, the same in every report. */
export const runComparisonHeadings = [
  'metric',
  'base',
  'new',
  'change',
  '99 % interval',
  'pairs',
  'verdict',
] as const;

export function runComparisonRow(row: ComparedMetric): string[] {
  const tell = row.kind === 'share' ? share : figure;
  return [
    `${row.metric}${row.kind === 'latency' ? ' ms' : ''}${row.gated ? ' *' : ''}`,
    tell(row.base),
    tell(row.next),
    change(row.effect, row),
    row.interval === null ? none : `${change(row.interval[0], row)} … ${change(row.interval[1], row)}`,
    String(row.pairs),
    judgementWord(row),
  ];
}

/** faster and slower of a latency, better and worse of all else. */
export function judgementWord({ judgement, kind }: ComparedMetric): string {
  if (kind !== 'latency') return judgement;
  return { better: 'faster', worse: 'slower' }[judgement as string] ?? judgement;
}

export function runComparisonHeadline({ state, gates }: RunComparison): string {
  if (gates.length === 0) return 'Nothing was gated: no difference decides the exit code.';
  return {
    passed: `Nothing that is gated got worse (${gates.join(', ')}).`,
    worse: 'Worse than the base in what is gated.',
    unknown: 'Unknown: not all that is gated could be compared.',
  }[state];
}

function change(value: number | null, { kind, base }: ComparedMetric): string {
  if (value === null) return none;
  const sign = value > 0 ? '+' : value < 0 ? '−' : '';
  const size = Math.abs(value);
  if (kind === 'count' || base === 0) return `${sign}${figure(size)}`;
  return `${sign}${(size * 100).toFixed(1)} %${kind === 'share' ? 'p' : ''}`;
}
