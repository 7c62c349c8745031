import type { Cell, Comparison, Manifest, Measured, Result } from '../harness/result.ts';
import { cellChartFile } from './cell-chart.ts';
import { comparisonColumns, comparisonNote, publishedColumns, publishedNote } from './comparison.ts';
import {
  digest,
  faultRows,
  type Latency,
  phasesOf,
  recoveryText,
  scheduleRows,
  skippedTexts,
  strategyIn,
} from './digest.ts';
import {
  count,
  counted,
  duration,
  figure,
  matrixText,
  none,
  oneLine,
  retriedText,
  share,
} from './figures.ts';
import { type Finding, findings } from './finding.ts';
import { measuredNote, measuredSpread, measuredText } from './measured.ts';
import { cellState, promiseState, type State, tally } from './verdict.ts';

const icons: Readonly<Record<State, string>> = { kept: '✅', broken: '❌', unknown: '❔', error: '💥' };

/**
 * The result as a GitHub job summary or a page in a wiki. A job summary holds 1 MiB, so what a reader needs first
 * comes first, and the details of each cell are last. It has no charts, since nothing stands beside a job summary.
 */
export function renderMarkdown(result: Result): string {
  return markdownOf(result, () => null);
}

/** report.md, with the charts that are written beside it. */
export function renderMarkdownWithCharts(result: Result): string {
  return markdownOf(result, (cell, i) =>
    cell.timeline.ok.length === 0 ? null : `![Latency and throughput over time](${cellChartFile(cell, i)})`,
  );
}

/** An image in Markdown; null where there is none. */
type ChartOf = (cell: Cell, index: number) => string | null;

function markdownOf(result: Result, chartOf: ChartOf): string {
  const { manifest } = result;
  const all = tally(result);
  const blocks = [
    `# ${icons[all.state]} Faultline: ${text(all.headline)}`,
    manifestLine(manifest),
    ...findings(result).map(findingBlock),
  ];
  if (result.cells.length > 0) blocks.push('## Strategies and scenarios', summary(result.cells));
  for (const comparison of result.comparisons ?? [])
    blocks.push(`## Comparison: ${text(comparison.scenario)}`, ...compared(comparison));
  for (const one of result.measurements ?? []) blocks.push(`## ${text(one.scenario)}`, ...measured(one));
  if (result.saturation !== undefined && result.saturation.length > 0)
    blocks.push('## Saturation', saturation(result.saturation));
  if (result.cells.length > 0)
    blocks.push('## Details', ...result.cells.map((cell, i) => details(cell, chartOf(cell, i))));
  return `${blocks.join('\n\n')}\n`;
}

function manifestLine(manifest: Manifest): string {
  const { versions, machine } = manifest;
  const took = duration(Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt));
  const shards = manifest.matrix && matrixText(manifest.matrix);
  const about = [
    `seed ${manifest.seed}`,
    `profile ${manifest.profile}`,
    ...(shards === undefined ? [] : [shards]),
    `${manifest.startedAt} (${took})`,
    `faultline ${versions.faultline}, etcd ${versions.etcd}, PostgreSQL ${versions.postgres}, Node ${versions.node}`,
    `${machine.platform} ${machine.arch}, ${machine.cpus} × ${machine.cpuModel}, ${figure(machine.memoryGiB)} GiB`,
  ];
  return `${about.map(text).join(' · ')}\n\n${fenced(manifest.command)}`;
}

function findingBlock(finding: Finding): string {
  const { cell, promise } = finding;
  const extent =
    promise !== undefined && finding.state === 'broken'
      ? ` (${counted(promise.violations, 'violation')} in ${counted(promise.operations, 'operation')})`
      : '';
  const lines = [
    `### ${icons[finding.state]} ${text(cell.scenario)} · ${text(strategyIn(cell))}: ${text(finding.what)}`,
    `**${finding.state}**${extent}${finding.reason === undefined ? '' : `: ${text(finding.reason)}`}`,
  ];
  const shown = finding.violations.slice(0, 3).map((violation) => `- ${text(violation.summary)}`);
  if (shown.length > 0) lines.push(shown.join('\n'));
  if (finding.state === 'broken' && promise?.note !== undefined) lines.push(text(promise.note));
  lines.push(fenced(finding.command));
  return lines.join('\n\n');
}

function summary(cells: readonly Cell[]): string {
  const figures = cells.map((cell) => ({ cell, ...digest(cell) }));
  const rows = figures.map(({ cell, ...row }) => [
    text(cell.scenario),
    text(strategyIn(cell)),
    `${icons[cellState(cell)]} ${cellState(cell)}`,
    cell.load.offered === 0
      ? none
      : [row.outcomes.ok, row.outcomes.fail, row.outcomes.info].map(count).join(' / '),
    pair(row.before),
    pair(row.during),
    text(share(row.hitRate)),
    figure(row.databaseQps),
    recoveryText(row),
    text(row.leaders.text),
  ]);
  const exact = figures.every((row) => row.before?.allKinds !== false && row.during?.allKinds !== false);
  return (
    markdownTable(
      [
        'scenario',
        'strategy',
        'verdict',
        'ok / fail / info',
        'p50 / p99 ms before',
        'during',
        'hit rate',
        'DB QPS',
        'recovery',
        'leader',
      ],
      'lllrrrrrrl',
      rows,
    ) + (exact ? '' : '\n\np50 / p99: of the slowest kind of operation.')
  );
}

function pair(latency: Latency | null): string {
  return latency === null ? none : `${figure(latency.p50)} / ${figure(latency.p99)}`;
}

function saturation(rows: NonNullable<Result['saturation']>): string {
  return markdownTable(
    ['strategy', 'verdict', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs / request'],
    'llrrrrr',
    rows.map((row) => [
      text(row.strategy),
      `${icons[row.state]} ${row.state}`,
      count(row.connections),
      figure(row.requestsPerSecond),
      figure(row.latencyMs.p50),
      figure(row.latencyMs.p99),
      figure(row.cpuMicrosPerRequest),
    ]),
  );
}

function compared(comparison: Comparison): string[] {
  const columns = [...comparisonColumns, ...publishedColumns];
  const cells = comparison.rows.map((row) =>
    columns.map((column) => {
      const spread = column.spread?.(row);
      return text(spread === undefined ? column.text(row) : `${column.text(row)} (${spread})`);
    }),
  );
  const headings = columns.map(({ heading, published }, i) => {
    const words = heading.replace('\n', ' ').replace('/ ', '/');
    return published && i > comparisonColumns.length ? `published ${words}` : words;
  });
  const blocks = [
    markdownTable(headings, `l${'r'.repeat(columns.length - 1)}`, cells),
    text(`${comparisonNote(comparison, { spreads: true })} ${publishedNote(comparison)}`),
  ];
  if (comparison.conclusions.length > 0)
    blocks.push(comparison.conclusions.map((sentence) => `- ${text(sentence)}`).join('\n'));
  return blocks;
}

function measured(one: Measured): string[] {
  const rows = one.rows.map(({ name, figures }) => [
    text(name),
    ...one.headings.map((_, i) => {
      const figure = figures[i] ?? null;
      const spread = measuredSpread(figure);
      return text(spread === undefined ? measuredText(figure) : `${measuredText(figure)} (${spread})`);
    }),
  ]);
  const headings = one.headings.map((heading) => text(heading.replace('\n', ' ')));
  const blocks = [
    markdownTable(['', ...headings], `l${'r'.repeat(headings.length)}`, rows),
    text(measuredNote(one)),
  ];
  if (one.conclusions.length > 0)
    blocks.push(one.conclusions.map((sentence) => `- ${text(sentence)}`).join('\n'));
  return blocks;
}

function details(cell: Cell, chart: string | null): string {
  const state = cellState(cell);
  const blocks = [
    `<details><summary>${icons[state]} ${text(cell.scenario)} · ${text(strategyIn(cell))}</summary>`,
  ];
  if (cell.reason !== undefined) blocks.push(text(cell.reason));
  if (cell.retried !== undefined) blocks.push(text(retriedText(cell.retried.reason)));
  if (chart !== null) blocks.push(chart);
  if (cell.promises.length > 0)
    blocks.push(
      markdownTable(
        ['promise', 'state', 'operations judged', 'violations'],
        'llrr',
        cell.promises.map((promise) => [
          text(promise.text),
          `${icons[promiseState(promise)]} ${promiseState(promise)}${promise.reason === undefined ? '' : `: ${text(promise.reason)}`}${promise.note === undefined ? '' : ` (${text(promise.note)})`}`,
          count(promise.operations),
          count(promise.violations),
        ]),
      ),
    );
  const planned = scheduleRows(cell);
  if (planned.length > 0)
    blocks.push(
      markdownTable(
        ['planned at', 'for', 'fault', 'options'],
        'rrll',
        planned.map((row) => row.map(text)),
      ),
    );
  if (cell.thresholds !== undefined && cell.thresholds.length > 0)
    blocks.push(
      markdownTable(
        ['threshold', 'measured', 'state'],
        'lrl',
        cell.thresholds.map((one) => [
          `${text(one.metric)} ${text(one.condition)}`,
          figure(one.value),
          `${icons[one.state]} ${one.state}`,
        ]),
      ),
    );
  for (const skipped of skippedTexts(cell)) blocks.push(`**${text(skipped)}**`);
  if (cell.faults.length > 0)
    blocks.push(
      markdownTable(
        ['from', 'to', 'in force after', 'healed in', 'fault'],
        'rrrrl',
        faultRows(cell).map((row) => row.map(text)),
      ),
    );
  const rows = phasesOf(cell).flatMap((phase) =>
    cell.operations
      .filter((row) => row.phase === phase)
      .map((row) => [
        phase,
        row.grade === undefined ? row.f : `${row.f} (${row.grade})`,
        [row.outcomes.ok, row.outcomes.fail, row.outcomes.info].map(count).join(' / '),
        row.fromDueMs === null ? none : `${figure(row.fromDueMs.p50)} / ${figure(row.fromDueMs.p99)}`,
        row.fromSendMs === null ? none : `${figure(row.fromSendMs.p50)} / ${figure(row.fromSendMs.p99)}`,
      ]),
  );
  if (rows.length > 0)
    blocks.push(
      markdownTable(
        ['phase', 'operation', 'ok / fail / info', 'p50 / p99 ms from due', 'from send'],
        'llrrr',
        rows,
      ),
    );
  blocks.push('</details>');
  return blocks.join('\n\n');
}

export function markdownTable(
  heading: readonly string[],
  aligns: string,
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(heading),
    line([...aligns].map((align) => (align === 'r' ? '--:' : ':--'))),
    ...rows.map(line),
  ].join('\n');
}

/** Text that is not ours: on one line, and with nothing that Markdown or HTML would take for its own. */
export function text(words: string): string {
  return (
    oneLine(words)
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/[\\`*_[\]|#~]/g, '\\$&')
      // A mention would notify people, a bare URL would become a link.
      .replace(/@/g, '&#64;')
      .replace(/:\/\//g, '&#58;//')
  );
}

/** A fence longer than any run of backticks in it. */
function fenced(command: string): string {
  const line = oneLine(command);
  const longest = Math.max(2, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${line}\n${fence}`;
}
