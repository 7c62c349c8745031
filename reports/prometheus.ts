import type { Cell, Result } from '../harness/result.ts';
import { digest } from './digest.ts';
import { cellState, promiseState } from './verdict.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  of(cell: Cell): readonly (readonly [labels: Readonly<Record<string, string>>, value: number | null])[];
}

const outcomes = ['ok', 'fail', 'info'] as const;
const states = ['kept', 'broken', 'unknown'] as const;

const metrics: readonly Metric[] = [
  {
    name: 'faultline_cell_state',
    help: '1 for the state that the cell is in.',
    of: (cell) =>
      [...states, 'error' as const].map((state) => [{ state }, cellState(cell) === state ? 1 : 0]),
  },
  {
    name: 'faultline_promises',
    help: 'Promises by what became of them.',
    of: ({ promises }) =>
      states.map((state) => [{ state }, promises.filter((one) => promiseState(one) === state).length]),
  },
  {
    name: 'faultline_operations',
    help: 'Operations of the load by how they ended.',
    of: ({ load }) => outcomes.map((outcome) => [{ outcome }, load.outcomes[outcome]]),
  },
  {
    name: 'faultline_latency_seconds',
    help: 'Latency from due of what ended ok.',
    of: ({ latency = [] }) =>
      latency.flatMap(({ phase, fromDueMs }) =>
        fromDueMs === null
          ? []
          : [
              [{ phase, quantile: '0.5' }, fromDueMs.p50 / 1_000] as const,
              [{ phase, quantile: '0.99' }, fromDueMs.p99 / 1_000] as const,
            ],
      ),
  },
  {
    name: 'faultline_hit_rate',
    help: 'Share of classified reads that were no miss.',
    of: (cell) => [[{}, digest(cell).hitRate]],
  },
  {
    name: 'faultline_database_queries_per_second',
    help: 'Of primary and replica together, over the load.',
    of: (cell) => [[{}, digest(cell).databaseQps]],
  },
  {
    name: 'faultline_recovery_seconds',
    help: 'From the last heal until the service answered as before.',
    of: ({ availability: { recoveryMs } }) => [[{}, recoveryMs === null ? null : recoveryMs / 1_000]],
  },
];

/** The run as Prometheus text, for a node exporter's textfile collector or a push gateway. What has no value is left out. */
export function renderPrometheus({ cells, manifest }: Result): string {
  const lines: string[] = [];
  for (const { name, help, of } of metrics) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`);
    // Two samples of one name and labels would make the whole page invalid.
    const told = new Set<string>();
    for (const cell of cells)
      for (const [labels, value] of of(cell)) {
        if (value === null || !Number.isFinite(value)) continue;
        const { scenario, strategy, round } = cell;
        const series = labelled({
          scenario,
          strategy,
          ...(round !== undefined && { round: String(round) }),
          ...labels,
        });
        if (told.has(series)) continue;
        told.add(series);
        lines.push(`${name}${series} ${value}`);
      }
  }
  const finished = Date.parse(manifest.finishedAt);
  if (Number.isFinite(finished))
    lines.push(
      '# HELP faultline_finished_timestamp_seconds When the run ended.',
      '# TYPE faultline_finished_timestamp_seconds gauge',
      `faultline_finished_timestamp_seconds ${finished / 1_000}`,
    );
  return `${lines.join('\n')}\n`;
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value
        .replace(/\p{Surrogate}/gu, '\ufffd')
        .replace(/\\/g, '\\\\')
        .replace(/"/g, '\\"')
        .replace(/\n/g, '\\n')}"`,
  );
  return `{${pairs.join(',')}}`;
}
