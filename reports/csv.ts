import type { Gauge, Result } from '../harness/result.ts';

/** One row for each cell and bucket of time: what the charts are drawn from, for a spreadsheet. */
export function renderCsv(result: Result): string {
  const gauges = [...new Set(result.cells.flatMap(({ timeline }) => (timeline.gauges ?? []).map(columnOf)))];
  const columns =
    'scenario,strategy,round,from_ms,to_ms,ok,fail,info,p50_ms,p99_ms,hit_rate,db_qps,primary_qps,replica_qps';
  const rows: (string | number | null)[][] = [[...columns.split(','), ...gauges]];
  for (const { scenario, strategy, round = null, timeline } of result.cells) {
    const { fromMs, bucketMs } = timeline;
    const read = new Map((timeline.gauges ?? []).map((gauge) => [columnOf(gauge), gauge.values]));
    timeline.ok.forEach((ok, i) => {
      rows.push([
        scenario,
        strategy,
        round,
        fromMs + i * bucketMs,
        fromMs + (i + 1) * bucketMs,
        ok,
        timeline.fail[i]!,
        timeline.info[i]!,
        timeline.p50Ms[i]!,
        timeline.p99Ms[i]!,
        timeline.hitRate[i]!,
        timeline.databaseQps[i]!,
        timeline.primaryQps?.[i] ?? null,
        timeline.replicaQps?.[i] ?? null,
        ...gauges.map((column) => read.get(column)?.[i] ?? null),
      ]);
    });
  }
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** m1_cpu_cores */
function columnOf({ of, what }: Gauge): string {
  return `${of}_${gaugeColumns[what]}`;
}

const gaugeColumns: Readonly<Record<Gauge['what'], string>> = {
  cpuCores: 'cpu_cores',
  memoryMiB: 'memory_mib',
  queuedWrites: 'queued_writes',
  replayLagMs: 'replay_lag_ms',
  replayLagBytes: 'replay_lag_bytes',
};

/** RFC 4180. A name that a spreadsheet would take for a formula gets an apostrophe before it. */
function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
}
