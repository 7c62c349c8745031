import { createHash } from 'node:crypto';
import type { Cell, Comparison, Measured, Result } from '../../harness/result.ts';
import { asset, packageAsset } from '../asset.ts';
import { comparisonColumns, comparisonNote, publishedColumns, publishedNote } from '../comparison.ts';
import { digest, type Latency, recoveryText, skippedTexts, strategyIn } from '../digest.ts';
import {
  count,
  counted,
  duration,
  figure,
  matrixText,
  measuredShare,
  none,
  share,
  tuningText,
} from '../figures.ts';
import { findings } from '../finding.ts';
import { measuredNote, measuredSpread, measuredText } from '../measured.ts';
import { cellState, promiseState, type State, stateMarks, type Tally, tally } from '../verdict.ts';
import { cellSection } from './cell.ts';
import { choicePart } from './choice.ts';
import { type Content, embeddedJson, html, Markup } from './markup.ts';
import { command, mark, stateWord, table } from './part.ts';
import { promisesPart } from './promises.ts';
import { sparkline } from './sparkline.ts';

/**
 * report.html: one file that holds everything it needs. It asks the network for nothing, and its content policy
 * would not let it: only the two scripts written here may run, by their hashes.
 */
export function renderHtml(result: Result): string {
  const all = tally(result);
  const cells = named(result.cells);
  const scripts = [packageAsset('uplot/dist/uPlot.iife.min.js'), asset('reports/html/page.js')];
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src ${scripts.map(hash).join(' ')}; base-uri 'none'; form-action 'none'`;
  const notKept = cells.filter(({ cell }) => cellState(cell) !== 'kept').length;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${stateMarks[all.state]} ${all.headline} Faultline, seed ${result.manifest.seed}</title>
<link rel="icon" href="${icon(all.state)}">
<style>${new Markup(packageAsset('uplot/dist/uPlot.min.css'))}${new Markup(asset('reports/html/page.css'))}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
${banner(result, all, cells)}
<main id="results" tabindex="-1">
${findingsPart(result, cells)}
${matrixPart(result.cells, cells)}
${choicePart(result.cells)}
${promisesPart(result.cells)}
${comparisonPart(cells)}
${(result.comparisons ?? []).map(comparedPart)}
${(result.measurements ?? []).map(measuredPart)}
${saturationPart(result)}
${
  cells.length === 0
    ? null
    : html`<section aria-labelledby="cells-title"><h2 id="cells-title">Every cell</h2>${toolbar(all)}${cells.map(
        ({ cell, id }, index) =>
          cellSection(
            {
              cell,
              id,
              index,
              // What went wrong is open; of a run in which all went well the first, so that there is something to see.
              open: notKept === 0 ? index === 0 : cellState(cell) !== 'kept' && notKept <= 6,
              charts: cell.timeline.ok.length > 0,
            },
            result.manifest,
          ),
      )}</section>`
}
${manifestPart(result)}
</main>
<footer>Rendered from <a href="./result.json">result.json</a> by Faultline ${result.manifest.versions.faultline}.</footer>
<script type="application/json" id="result">${embeddedJson(result)}</script>
${scripts.map((script) => html`<script>${new Markup(script)}</script>\n`)}</body>
</html>
`;
  return page.text;
}

interface Named {
  readonly cell: Cell;
  readonly id: string;
}

/** An address for each cell that a person can read and a link can keep. */
function named(cells: readonly Cell[]): Named[] {
  const seen = new Set<string>();
  return cells.map((cell, i) => {
    const slug = `${cell.scenario}--${strategyIn(cell)}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
    const id = seen.has(slug) ? `${slug}-${i}` : slug;
    seen.add(slug).add(id);
    return { cell, id: `cell-${id}` };
  });
}

function hash(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

function icon(state: State): string {
  const fill = { kept: '1d8a56', broken: 'd03545', unknown: 'c08a14', error: '8b57b8' }[state];
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#${fill}"/><path d="M3 10h3l2-6 2 9 1.5-3H13" fill="none" stroke="#fff" stroke-width="1.6"/></svg>`)}`;
}

function banner(result: Result, all: Tally, cells: readonly Named[]): Markup {
  const { manifest } = result;
  const counter = (n: number, text: string, state?: State) =>
    html`<li class="${n === 0 ? 'nought' : (state ?? 'plain')}"><b>${count(n)}</b>${text}</li>`;
  // Of a saturation alone there is nothing to count here: its table says it all.
  const counters = () =>
    html`<ul class="counters">${counter(all.promises.kept, all.promises.kept === 1 ? 'promise kept' : 'promises kept', 'kept')}${counter(all.promises.broken, 'broken', 'broken')}${counter(all.promises.unknown, 'unknown', 'unknown')}${all.cells.error > 0 ? counter(all.cells.error, all.cells.error === 1 ? 'cell in error' : 'cells in error', 'error') : null}${counter(result.cells.length, result.cells.length === 1 ? 'cell' : 'cells')}${counter(all.operations, 'operations recorded')}</ul>`;
  return html`<header class="banner ${all.state}"><div>
<p class="brand">Faultline · seed ${manifest.seed} · ${manifest.profile} · <time datetime="${manifest.startedAt}">${manifest.startedAt.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC')}</time> · ${took(result)}</p>
<h1>${mark(all.state)}<span>${all.headline}</span></h1>
${result.cells.length > 0 ? counters() : null}
${notTested(result, cells)}
${manifest.command === '' ? null : command(manifest.command)}
</div></header>`;
}

/** What a green banner must not hide: what was not judged, not done and not run, and why. */
function notTested(result: Result, cells: readonly Named[]): Markup | null {
  const reasons = new Map<string, Named[]>();
  const because = (why: string, one: Named) => reasons.set(why, [...(reasons.get(why) ?? []), one]);
  for (const one of cells) {
    const { cell } = one;
    const unknown = cell.promises.find(({ state }) => state === 'unknown');
    if (unknown !== undefined || ['unknown', 'error'].includes(cellState(cell)))
      because(`not judged: ${cell.reason ?? unknown?.reason ?? 'no reason was given'}`, one);
  }
  for (const one of cells) for (const skipped of new Set(skippedTexts(one.cell))) because(skipped, one);
  const lines = [...reasons].map(
    ([why, where]) =>
      html`<li>${where
        .slice(0, 3)
        .map(
          ({ cell, id }, i) =>
            html`${i > 0 && ', '}<a href="#${id}">${cell.scenario} · ${strategyIn(cell)}</a>`,
        )}${where.length > 3 ? ` and ${where.length - 3} more` : ''}: ${why}</li>`,
  );
  const missing = neverRun(result);
  if (missing.length > 0)
    lines.push(
      html`<li>Not run${result.manifest.interrupted ? ', since the run was cut short' : ''}: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}.</li>`,
    );
  if (lines.length === 0) return null;
  return html`<ul class="not-tested">${lines.slice(0, shownReasons)}${lines.length > shownReasons ? html`<li>… and for ${lines.length - shownReasons} other reasons, told in each cell.</li>` : null}</ul>`;
}

const shownReasons = 5;

/** What the run was to consist of and is not there. Of a shard the others have the rest. */
function neverRun({ manifest: { matrix }, cells, measurements = [] }: Result): string[] {
  if (matrix === undefined || matrix.shards.length < matrix.of) return [];
  const there = new Set([
    ...cells.map(({ scenario, strategy, round }) =>
      [scenario, strategy, ...(round === undefined ? [] : [`round-${round}`])].join('--'),
    ),
    ...measurements.map(({ scenario }) => scenario),
  ]);
  return matrix.cells.filter((name) => !there.has(name));
}

function took({ manifest }: Result): string {
  return duration(Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt));
}

function findingsPart(result: Result, cells: readonly Named[]): Markup | null {
  const found = findings(result);
  if (found.length === 0) return null;
  const ids = new Map(cells.map(({ cell, id }) => [cell, id]));
  const shown = found.slice(0, 8);
  return html`<section aria-labelledby="findings-title"><h2 id="findings-title">What to look at</h2>${shown.map(
    (finding) => {
      const why = finding.violations[0]?.summary ?? finding.reason;
      return html`<article class="card finding ${finding.state}"><h3>${mark(finding.state)}<span>${finding.what} <span class="where">${finding.state} in</span> <a href="#${ids.get(finding.cell) ?? ''}">${finding.cell.scenario} · ${strategyIn(finding.cell)}</a></span></h3>${why === undefined ? null : html`<p class="said">${why}</p>`}${command(finding.command)}</article>`;
    },
  )}${found.length > shown.length ? html`<p class="dim">… and ${found.length - shown.length} more below.</p>` : null}</section>`;
}

function matrixPart(cells: readonly Cell[], ids: readonly Named[]): Markup | null {
  if (cells.length === 0) return null;
  const strategies = [...new Set(cells.map((cell) => cell.strategy))];
  const scenarios = [...new Set(cells.map((cell) => cell.scenario))];
  // Many scenarios go down the page, since they would run off its side.
  const turned = scenarios.length > 4 && scenarios.length > strategies.length;
  const [rows, columns] = turned ? [scenarios, strategies] : [strategies, scenarios];
  const at = (row: string, column: string) => {
    const [strategy, scenario] = turned ? [column, row] : [row, column];
    const here = ids.filter(({ cell }) => cell.strategy === strategy && cell.scenario === scenario);
    if (here.length === 0) return html`<div class="tile"><span class="dim">not run</span></div>`;
    const tiles = here.map((one) => tile(one, column));
    return tiles.length === 1 ? tiles[0]! : html`<div>${tiles}</div>`;
  };
  return html`<section aria-labelledby="matrix-title"><h2 id="matrix-title">Strategies and scenarios</h2><div class="scroll" tabindex="0" role="region" aria-label="Verdict of every strategy in every scenario"><div class="matrix" style="--columns:${columns.length}"><div class="corner"></div>${columns.map(
    (column) => html`<div class="axis-label column">${column}</div>`,
  )}${rows.map((row) => html`<div class="axis-label">${row}</div>${columns.map((column) => at(row, column))}`)}</div></div><p class="key"><span><i style="--swatch:var(--ok)"></i>ok</span><span><i style="--swatch:var(--fail)"></i>fail: it certainly did not happen</span><span><i style="--swatch:var(--info)"></i>info: it may have happened</span><span><i style="--swatch:var(--fault-edge)"></i>a fault</span></p></section>`;
}

/** On a narrow screen tiles stand below one another, and each says which column it is from. */
function tile({ cell, id }: Named, column: string): Markup {
  const state = cellState(cell);
  const figures = digest(cell);
  const kept = cell.promises.filter((promise) => promiseState(promise) === 'kept').length;
  const lines: Content[] = [];
  const { ok, fail, info } = figures.outcomes;
  if (cell.load.offered > 0)
    lines.push(
      html`<span class="line"><span>${share(ok / Math.max(1, ok + fail + info))} answered</span><span>${[
        figures.hitRate === null ? '' : `${share(figures.hitRate)} hits`,
        figures.databaseQps === null ? '' : `${figure(figures.databaseQps)} DB/s`,
      ]
        .filter((text) => text !== '')
        .join(' · ')}</span></span>`,
    );
  if (figures.before !== null)
    lines.push(
      html`<span class="line"><span>p50 ${figure(figures.before.p50)} · p99 ${figure(figures.before.p99)}${figures.during === null ? '' : ` → ${figure(figures.during.p99)}`} ms</span><span>${
        figures.neverRecovered
          ? 'never recovered'
          : figures.recoveryMs === null
            ? ''
            : `recovered ${recoveryText(figures)}`
      }</span></span>`,
    );
  return html`<a class="tile ${state}" href="#${id}"><span class="verdict">${mark(state)}<span>${
    cell.promises.length === 0 || state === 'error'
      ? state
      : `${kept} of ${counted(cell.promises.length, 'promise')} kept`
  }</span><span class="small-column">${column}</span></span>${sparkline(cell)}${lines}${
    state === 'kept' ? null : html`<span class="why">${whyNot(cell)}</span>`
  }</a>`;
}

function whyNot(cell: Cell): string {
  if (cellState(cell) === 'error') return cell.reason ?? '';
  const crossed = cell.thresholds?.find(({ state }) => state === 'broken');
  if (crossed !== undefined && cell.verdict !== 'broken')
    return `crossed: ${crossed.metric} ${crossed.condition}`;
  const broken = cell.promises.find((promise) => promiseState(promise) === 'broken');
  if (broken !== undefined) return `broken: ${broken.text}`;
  const unknown = cell.promises.find((promise) => promiseState(promise) === 'unknown');
  return unknown === undefined ? (cell.reason ?? '') : `unknown: ${unknown.text}`;
}

function comparisonPart(cells: readonly Named[]): Markup | null {
  if (cells.length === 0) return null;
  const rows: (Content[] | string)[] = [];
  let exact = true;
  for (const scenario of new Set(cells.map(({ cell }) => cell.scenario))) {
    rows.push(scenario);
    for (const { cell, id } of cells.filter((one) => one.cell.scenario === scenario)) {
      const figures = digest(cell);
      const { ok, fail, info } = figures.outcomes;
      exact &&= [figures.before, figures.during, figures.after].every((pair) => pair?.allKinds !== false);
      rows.push([
        html`<a href="#${id}">${strategyIn(cell)}</a>`,
        stateWord(cellState(cell)),
        promiseCounts(cell),
        ...(cell.load.offered === 0
          ? [none, none, none]
          : [
              count(ok),
              fail === 0 ? '0' : html`<span class="fail-figure">${count(fail)}</span>`,
              info === 0 ? '0' : html`<span class="info-figure">${count(info)}</span>`,
            ]),
        pair(figures.before),
        pair(figures.during),
        pair(figures.after),
        share(figures.hitRate),
        figure(figures.databaseQps),
        share(cell.availability.worstOkShareDuring),
        duration(figures.downMs),
        recoveryText(figures),
        figures.leaders.text,
      ]);
    }
  }
  return html`<section aria-labelledby="comparison-title"><h2 id="comparison-title">Side by side</h2><div class="card">${table(
    'Figures of every strategy in every scenario',
    [
      { heading: 'strategy' },
      { heading: 'verdict' },
      { heading: html`promises<br>✓ / ✗ / ?`, number: true },
      { heading: 'ok', number: true },
      { heading: 'fail', number: true },
      { heading: 'info', number: true },
      { heading: html`p50 / p99 ms<br>before`, number: true },
      { heading: 'during', number: true },
      { heading: 'after', number: true },
      { heading: 'hit rate', number: true },
      { heading: 'DB QPS', number: true },
      { heading: html`worst ok<br>in faults`, number: true },
      { heading: 'down', number: true },
      { heading: 'recovery', number: true },
      { heading: 'leader' },
    ],
    rows,
  )}</div><p class="key">Latency counts from when an operation was due, of what ended ok${exact ? '' : ', of the slowest kind of operation'}. Hit rate and database queries are over the whole load. Promises: kept / broken / unknown.</p></section>`;
}

function promiseCounts({ promises }: Cell): string {
  if (promises.length === 0) return none;
  const of = (state: State) => promises.filter((promise) => promiseState(promise) === state).length;
  return `${of('kept')} / ${of('broken')} / ${of('unknown')}`;
}

function pair(latency: Latency | null): string {
  return latency === null ? none : `${figure(latency.p50)} / ${figure(latency.p99)}`;
}

/** Strategies in rounds: medians, below each what the rounds lay between, and beside them what was published. */
function comparedPart(comparison: Comparison, index: number): Markup {
  const columns = [...comparisonColumns, ...publishedColumns];
  const id = `compared-${index}`;
  const heading = (text: string, published: boolean) => {
    const words = twoLines(text);
    return published ? html`<span class="dim">${words}</span>` : words;
  };
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${comparison.scenario}</h2><div class="card">${table(
    `Comparison of strategies in ${comparison.scenario}`,
    columns.map((column, i) => ({
      heading: heading(column.heading, column.published === true),
      number: i > 0,
    })),
    comparison.rows.map((row) =>
      columns.map((column) => {
        const spread = column.spread?.(row);
        if (column.published) return html`<span class="dim">${column.text(row)}</span>`;
        return spread === undefined
          ? column.text(row)
          : html`${column.text(row)}<br><span class="dim">${spread}</span>`;
      }),
    ),
  )}${sentences(comparison.conclusions)}</div><p class="key">${comparisonNote(comparison, { spreads: true })} ${publishedNote(comparison)}</p></section>`;
}

function measuredPart(one: Measured, index: number): Markup {
  const id = `measured-${index}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${one.scenario}</h2><div class="card">${table(
    `What ${one.scenario} measured`,
    [{ heading: 'what' }, ...one.headings.map((heading) => ({ heading: twoLines(heading), number: true }))],
    one.rows.map(({ name, figures }) => [
      name,
      ...one.headings.map((_, i) => {
        const figure = figures[i] ?? null;
        const spread = measuredSpread(figure);
        return spread === undefined
          ? measuredText(figure)
          : html`${measuredText(figure)}<br><span class="dim">${spread}</span>`;
      }),
    ]),
  )}${sentences(one.conclusions)}</div><p class="key">${measuredNote(one)}</p></section>`;
}

function sentences(conclusions: readonly string[]): Markup | null {
  if (conclusions.length === 0) return null;
  return html`<ul>${conclusions.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
}

function twoLines(text: string): Content {
  const [first, second] = text.split('\n');
  return second === undefined ? first! : html`${first!}<br>${second}`;
}

function saturationPart({ saturation }: Result): Markup | null {
  if (saturation === undefined || saturation.length === 0) return null;
  const most = Math.max(...saturation.map((row) => row.requestsPerSecond)) || 1;
  return html`<section aria-labelledby="saturation-title"><h2 id="saturation-title">Saturation</h2><div class="card">${table(
    'Highest rate of each strategy, closed-loop and without faults',
    [
      { heading: 'strategy' },
      { heading: 'connections', number: true },
      { heading: 'requests/s', number: true },
      { heading: html`<span class="dim">of the best</span>` },
      { heading: 'p50 ms', number: true },
      { heading: 'p99 ms', number: true },
      { heading: 'CPU µs/request', number: true },
      { heading: 'verdict' },
    ],
    saturation.map((row, i) => [
      row.strategy === saturation[i - 1]?.strategy
        ? html`<span class="dim">${row.strategy}</span>`
        : row.strategy,
      count(row.connections),
      figure(row.requestsPerSecond),
      html`<span class="bar-room"><span class="bar" style="width:${((100 * row.requestsPerSecond) / most).toFixed(1)}%"></span></span>`,
      figure(row.latencyMs.p50),
      figure(row.latencyMs.p99),
      figure(row.cpuMicrosPerRequest),
      html`${stateWord(row.state)}${row.reason === undefined ? null : html`<br><span class="dim">${row.reason}</span>`}`,
    ]),
  )}</div></section>`;
}

function toolbar(all: Tally): Markup {
  const states = (['broken', 'unknown', 'error', 'kept'] as const).filter((state) => all.cells[state] > 0);
  return html`<div class="toolbar" data-script hidden role="group" aria-label="Show cells">${states.length < 2 ? null : html`<button type="button" data-filter="all" aria-pressed="true">All</button>`}${
    states.length < 2
      ? null
      : states.map(
          (state) =>
            html`<button type="button" data-filter="${state}" aria-pressed="false">${state} ${all.cells[state]}</button>`,
        )
  }<span class="gap"></span><button type="button" data-fold="open">Open all</button><button type="button" data-fold="close">Close all</button></div>`;
}

function manifestPart({ manifest, cells }: Result): Markup {
  const spent = measuredShare({ manifest, cells });
  const { versions, machine } = manifest;
  const dropped = cells.reduce((sum, { load }) => sum + load.dropped, 0);
  const lag =
    cells.length === 0
      ? null
      : `The generator sent at worst ${duration(Math.max(...cells.map(({ load }) => load.sendLagMs.p99)))} late (p99 of the worst cell) and dropped ${counted(dropped, 'operation')}.`;
  const shards = manifest.matrix && matrixText(manifest.matrix);
  const facts: [string, Content][] = [
    ['seed', manifest.seed],
    ['profile', manifest.profile],
    ...(shards === undefined ? [] : [['shards', shards] as [string, Content]]),
    ['started', manifest.startedAt],
    ['finished', `${manifest.finishedAt}${manifest.interrupted ? ' (cut short)' : ''}`],
    ['faultline', versions.faultline],
    ['etcd', versions.etcd],
    ...(manifest.tuning ? [['members', tuningText(manifest.tuning)] as [string, Content]] : []),
    ['PostgreSQL', versions.postgres],
    ['Toxiproxy', versions.toxiproxy ?? 'embedded'],
    ...(cells.length === 0 ? [] : [['each cell', shapesOf(cells)] as [string, Content]]),
    ['Node', versions.node],
    ...(spent === undefined ? [] : [['time', spent] as [string, Content]]),
    ['machine', `${machine.cpus} × ${machine.cpuModel}, ${figure(machine.memoryGiB)} GiB`],
    ['platform', `${machine.platform} ${machine.arch}`],
  ];
  return html`<section aria-labelledby="manifest-title"><h2 id="manifest-title">How this was run</h2><div class="card"><dl class="facts">${facts.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>${command(manifest.command)}${lag === null ? null : html`<p class="dim" style="margin-top:12px">${lag}</p>`}<p style="margin-top:12px" data-script hidden><button type="button" data-save>Save result.json</button></p></div></section>`;
}

/** '3 members, 2 instances, 200 operations/s', each once where cells differ. */
function shapesOf(cells: readonly Cell[]): string {
  const shapes = cells.map(
    ({ members, instances, ratePerSecond }) =>
      `${counted(members, 'member')}, ${counted(instances, 'instance')}, ${figure(ratePerSecond)} operations/s`,
  );
  return [...new Set(shapes)].join('; ');
}
