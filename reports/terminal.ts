import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { Cell, Comparison, Measured, Result } from '../harness/result.ts';
import { comparisonColumns, comparisonNote, publishedColumns, publishedNote } from './comparison.ts';
import { type Digest, digest, type Latency, recoveryText, strategyIn } from './digest.ts';
import {
  count,
  counted,
  duration,
  figure,
  matrixText,
  measuredShare,
  none,
  oneLine,
  retriedText,
  share,
} from './figures.ts';
import { type Finding, findings } from './finding.ts';
import { measuredNote, measuredText } from './measured.ts';
import { cellState, type State, stateMarks, tally } from './verdict.ts';

/** Where the summary is shown. `terminalFor` reads it from a stream and the environment. */
export interface Terminal {
  readonly columns: number;
  readonly color: boolean;
}

/** 100 columns when the output is piped. NO_COLOR (non-empty) turns colours off, FORCE_COLOR on; a pipe has none. */
export function terminalFor(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Terminal {
  const forced =
    environment.FORCE_COLOR !== undefined && !['', '0', 'false'].includes(environment.FORCE_COLOR);
  const refused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return {
    columns: (stream.isTTY ? stream.columns : undefined) || 100,
    color: !refused && (forced || stream.isTTY === true),
  };
}

/**
 * The summary that is seen first after a run: a line for each cell, and below it what was not kept, in words, with
 * the command that shows it again. Fits the columns: narrower terminals get fewer figures, never wrapped lines.
 */
export function renderTerminal(
  result: Result,
  terminal: Terminal = { columns: 100, color: false },
  places: { readonly html?: string } = {},
): string {
  const paint = painter(terminal.color);
  const columns = Math.max(40, terminal.columns);
  const { manifest } = result;
  const shards = manifest.matrix && matrixText(manifest.matrix);
  const lines = [
    '',
    paint.bold('Faultline') +
      paint.dim(
        clip(
          clean(
            `  seed ${manifest.seed} · ${manifest.profile}${shards === undefined ? '' : ` · ${shards}`} · etcd ${manifest.versions.etcd} · PostgreSQL ${manifest.versions.postgres} · ${duration(Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt))}`,
          ),
          columns - 9,
        ),
      ),
    '',
  ];
  if (result.cells.length > 0) lines.push(...summary(result, columns, paint), '');
  if (result.saturation !== undefined && result.saturation.length > 0)
    lines.push(...saturation(result.saturation, columns, paint), '');
  for (const comparison of result.comparisons ?? []) lines.push(...compared(comparison, columns, paint), '');
  for (const one of result.measurements ?? []) lines.push(...measured(one, columns, paint), '');
  const found = findings(result);
  for (const finding of found.slice(0, shownFindings)) lines.push(...told(finding, columns, paint), '');
  if (found.length > shownFindings)
    lines.push(paint.dim(`… and ${found.length - shownFindings} more in the report`), '');
  for (const { scenario, strategy, retried } of result.cells) {
    if (retried === undefined) continue;
    const about = `${scenario} × ${strategy}: ${retriedText(oneLine(retried.reason))}`;
    lines.push(paint.dim(clip(clean(about), columns)), '');
  }
  const all = tally(result);
  lines.push(
    paint.state(all.state, paint.bold(`${stateMarks[all.state]} ${all.headline}`)) +
      paint
        .dim(` ${counted(result.cells.length, 'cell')}, ${counted(all.operations, 'operation')} recorded.`)
        .repeat(all.state === 'kept' && result.cells.length > 0 ? 1 : 0),
  );
  const spent = measuredShare(result);
  if (spent !== undefined) lines.push(`  ${paint.dim(clip(spent, columns - 2))}`);
  if (places.html !== undefined) lines.push(`  ${paint.dim('report')}  ${places.html}`);
  if (manifest.command !== '') lines.push(`  ${paint.dim('again')}   ${clean(manifest.command)}`);
  return `${lines.join('\n')}\n`;
}

/** The worst come first; more than a screen of them helps nobody. */
const shownFindings = 12;

/** One column of the summary: its two lines of heading, and what it says of a cell. */
interface Column {
  readonly heading: string;
  readonly left?: true;
  text(cell: Cell, figures: Digest, paint: Painter): string;
}

const verdict: Column = {
  heading: '\nverdict',
  left: true,
  text: (cell, _, paint) => {
    const state = cellState(cell);
    return paint.state(state, `${stateMarks[state]} ${state}`);
  },
};
const outcomes: Column = {
  heading: 'operations\nok/fail/info',
  text: (cell, { outcomes: { ok, fail, info } }, paint) =>
    cell.load.offered === 0
      ? none
      : [
          short(ok),
          fail > 0 ? paint.yellow(short(fail)) : '0',
          info > 0 ? paint.magenta(short(info)) : '0',
        ].join(paint.dim('/')),
};
const before: Column = {
  heading: 'p50/p99 ms\nbefore',
  text: (_, figures, paint) => latency(figures.before, paint),
};
const during: Column = {
  heading: 'p50/p99 ms\nduring',
  text: (_, figures, paint) => latency(figures.during, paint),
};
const hits: Column = { heading: 'hit\nrate', text: (_, { hitRate }) => share(hitRate).replace(' ', '') };
const database: Column = { heading: 'DB\nQPS', text: (_, { databaseQps }) => figure(databaseQps) };
const recovery: Column = {
  heading: 'reco-\nvery',
  text: (_, figures, paint) =>
    figures.neverRecovered
      ? paint.red('never')
      : recoveryText(figures)
          .replace(' min ', 'm')
          .replace(/ (m?s)$/, '$1'),
};
const leader: Column = { heading: '\nleader', left: true, text: (_, { leaders }) => clean(leaders.text) };

/** From all figures to the least that still says something; the first that fits is taken. */
const layouts: readonly (readonly Column[])[] = [
  [verdict, outcomes, before, during, hits, database, recovery, leader],
  [verdict, outcomes, before, during, hits, database, recovery],
  [verdict, outcomes, before, during, recovery],
  [verdict, before, during, recovery],
  [verdict, outcomes],
  [verdict],
];

function summary(result: Result, columns: number, paint: Painter): string[] {
  const figures = new Map(result.cells.map((cell) => [cell, digest(cell)]));
  let lines: string[] = [];
  for (const layout of layouts) {
    lines = table(result.cells, figures, layout, paint);
    if (Math.max(...lines.map(widthOf)) <= columns) break;
  }
  const inexact = [...figures.values()].some(({ before: b, during: d }) =>
    [b, d].some((pair) => pair !== null && !pair.allKinds),
  );
  if (inexact) lines.push(paint.dim('p50/p99: of the slowest kind of operation'));
  return lines;
}

function table(
  cells: readonly Cell[],
  figures: ReadonlyMap<Cell, Digest>,
  layout: readonly Column[],
  paint: Painter,
): string[] {
  const rows = [['', ...layout.map((column) => eachLine(column.heading, paint.dim))]];
  for (const [scenario, group] of grouped(cells)) {
    rows.push([paint.bold(clean(scenario)), ...layout.map(() => '')]);
    for (const cell of group)
      rows.push([
        `  ${clean(strategyIn(cell))}`,
        ...layout.map((column) => column.text(cell, figures.get(cell)!, paint)),
      ]);
  }
  return drawn(rows, [
    'left',
    ...layout.map((column) => (column.left ? ('left' as const) : ('right' as const))),
  ]);
}

/** Cells by scenario, in the order of the run: strategies stand below one another to be compared. */
function grouped(cells: readonly Cell[]): Map<string, Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) groups.set(cell.scenario, [...(groups.get(cell.scenario) ?? []), cell]);
  return groups;
}

function latency(pair: Pick<Latency, 'p50' | 'p99'> | null, paint: Painter): string {
  return pair === null ? paint.dim(none) : `${figure(pair.p50)}${paint.dim('/')}${figure(pair.p99)}`;
}

function told(finding: Finding, columns: number, paint: Painter): string[] {
  const { cell, state, promise } = finding;
  const lead = {
    broken: finding.threshold === undefined ? 'broken promise: ' : 'crossed: ',
    unknown: 'unknown: ',
    error: '',
  }[state];
  const extent =
    promise === undefined || state !== 'broken'
      ? ''
      : ` (${counted(promise.violations, 'violation')} in ${counted(promise.operations, 'operation')})`;
  const head = `${cell.scenario} · ${strategyIn(cell)}: ${lead}${finding.what}${extent}`;
  const [first, ...rest] = wrapped(clean(head), columns - 2);
  const lines = [
    paint.state(state, paint.bold(`${stateMarks[state]} ${first}`)),
    ...rest.map((line) => paint.state(state, paint.bold(`  ${line}`))),
  ];
  const why = finding.violations[0]?.summary ?? finding.reason;
  if (why !== undefined) lines.push(...wrapped(clean(why), columns - 2).map((line) => `  ${line}`));
  if (state === 'broken' && promise?.note !== undefined)
    lines.push(...wrapped(clean(promise.note), columns - 2).map((line) => `  ${line}`));
  // A command is never wrapped: it is there to be copied.
  lines.push(`  ${paint.dim('again')}   ${paint.cyan(clean(finding.command))}`);
  return lines;
}

type Row = NonNullable<Result['saturation']>[number];

const saturationColumns: readonly (readonly [heading: string, text: (row: Row, paint: Painter) => string])[] =
  [
    ['connec-\ntions', (row) => count(row.connections)],
    ['requests\n/s', (row) => figure(row.requestsPerSecond)],
    ['latency ms\np50/p99', (row, paint) => latency(row.latencyMs, paint)],
    ['CPU µs\n/request', (row) => figure(row.cpuMicrosPerRequest)],
    ['\nverdict', (row, paint) => paint.state(row.state, `${stateMarks[row.state]} ${row.state}`)],
  ];

function saturation(rows: readonly Row[], columns: number, paint: Painter): string[] {
  let lines: string[] = [];
  for (const width of [5, 3, 2]) {
    const shown = saturationColumns.slice(0, width);
    lines = drawn(
      [
        [paint.bold('saturation'), ...shown.map(([heading]) => eachLine(heading, paint.dim))],
        ...rows.map((row, i) => [
          row.strategy === rows[i - 1]?.strategy ? '' : `  ${clean(row.strategy)}`,
          ...shown.map(([, text]) => text(row, paint)),
        ]),
      ],
      ['left', 'right', 'right', 'right', 'right', 'left'],
    );
    if (Math.max(...lines.map(widthOf)) <= columns) break;
  }
  for (const row of rows)
    if (row.state !== 'kept')
      lines.push(
        ...wrapped(
          clean(`${row.strategy}, ${counted(row.connections, 'connection')}: ${row.reason ?? row.state}`),
          columns - 2,
        ).map((line) => `  ${line}`),
      );
  return lines;
}

/** With the published figures where there is room; then without; then fewer figures. Conclusions are always told. */
function compared(comparison: Comparison, columns: number, paint: Painter): string[] {
  const { scenario, rows, conclusions } = comparison;
  const [, ...figures] = comparisonColumns;
  const layouts = [[...figures, ...publishedColumns], figures, figures.slice(0, 3), figures.slice(2, 3)];
  let lines: string[] = [];
  for (const layout of layouts) {
    lines = drawn(
      [
        [paint.bold(clean(scenario)), ...layout.map(({ heading }) => eachLine(heading, paint.dim))],
        ...rows.map((row) => [
          `  ${clean(row.strategy)}`,
          ...layout.map((column) => (column.published ? paint.dim(column.text(row)) : column.text(row))),
        ]),
      ],
      ['left', ...layout.map(() => 'right' as const)],
    );
    const notes = [
      comparisonNote(comparison, { spreads: false }),
      ...(layout.some((one) => one.published) ? [publishedNote(comparison)] : []),
    ];
    lines.push(...notes.flatMap((note) => wrapped(clean(note), columns)).map(paint.dim));
    if (Math.max(...lines.map(widthOf)) <= columns) break;
  }
  return [...lines, ...conclusions.flatMap((sentence) => bullet(sentence, columns))];
}

/** All figures; where there is no room for them all, the first ones. */
function measured(one: Measured, columns: number, paint: Painter): string[] {
  let lines: string[] = [];
  for (let shown = one.headings.length; shown > 0; shown--) {
    const headings = one.headings.slice(0, shown);
    lines = drawn(
      [
        [
          paint.bold(clean(one.scenario)),
          ...headings.map((heading) => eachLine(heading.split('\n').map(clean).join('\n'), paint.dim)),
        ],
        ...one.rows.map(({ name, figures }) => [
          `  ${clean(name)}`,
          ...headings.map((_, i) => measuredText(figures[i] ?? null)),
        ]),
      ],
      ['left', ...headings.map(() => 'right' as const)],
    );
    if (Math.max(...lines.map(widthOf)) <= columns) break;
  }
  return [
    ...lines,
    ...wrapped(clean(measuredNote(one)), columns).map(paint.dim),
    ...one.conclusions.flatMap((sentence) => bullet(sentence, columns)),
  ];
}

function bullet(sentence: string, columns: number): string[] {
  const [first, ...rest] = wrapped(clean(sentence), columns - 2);
  return [`· ${first}`, ...rest.map((line) => `  ${line}`)];
}

function drawn(rows: readonly (readonly string[])[], colAligns: ('left' | 'right')[]): string[] {
  const grid = new Table({
    chars: borderless,
    colAligns,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

type Painter = ReturnType<typeof painter>;

function painter(color: boolean) {
  const colors = picocolors.createColors(color);
  const byState: Record<State, (text: string) => string> = {
    kept: colors.green,
    broken: colors.red,
    unknown: colors.yellow,
    error: colors.magenta,
  };
  return { ...colors, state: (state: State, text: string) => byState[state](text) };
}

const borderless = Object.fromEntries(
  [
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right',
    'left left-mid mid mid-mid right right-mid middle',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, '']),
);

/** Names come from files that anyone may have written: no control character of theirs reaches the terminal. */
function clean(text: string): string {
  return oneLine(stripVTControlCharacters(text));
}

/** 9,999, then 10k: nightly counts would push the other figures off the line. */
function short(n: number): string {
  return n < 10_000 ? count(n) : `${count(Math.floor(n / 1000))}k`;
}

function widthOf(line: string): number {
  return stripVTControlCharacters(line).length;
}

function eachLine(text: string, paint: (line: string) => string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : paint(line)))
    .join('\n');
}

function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
