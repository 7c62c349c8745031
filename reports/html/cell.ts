import type { Violation } from '../../harness/checker/checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type {
  Cell,
  LatencyRow,
  Manifest,
  OperationRow,
  PromiseVerdict,
  Quantiles,
} from '../../harness/result.ts';
import {
  detectedMs,
  digest,
  faultRows,
  phasesOf,
  recoveryText,
  scheduleRows,
  skippedTexts,
  strategyIn,
} from '../digest.ts';
import {
  count,
  counted,
  duration,
  figure,
  moment,
  none,
  retriedText,
  share,
  tuningText,
  valueText,
} from '../figures.ts';
import { repeatCommand, violationsElsewhere, violationsOf } from '../finding.ts';
import { cellState, promiseState } from '../verdict.ts';
import { leasesPart } from './leases.ts';
import { type Content, fileLink, html, type Markup } from './markup.ts';
import { command, mark, stateWord, table } from './part.ts';
import { percentilesPart } from './percentiles.ts';
import { violationTimeline } from './violation-timeline.ts';
import { watchesPart } from './watches.ts';

/** Shown of one promise; the rest is in the result and the history. */
const shownViolations = 10;

/** The section of one cell: closed unless it is what the reader came for. */
export function cellSection(
  of: {
    readonly cell: Cell;
    readonly id: string;
    readonly index: number;
    readonly open: boolean;
    readonly charts: boolean;
  },
  manifest: Manifest,
): Markup {
  const { cell, id, index } = of;
  const state = cellState(cell);
  const parts: Content[] = [];
  if (cell.reason !== undefined) parts.push(html`<p class="callout ${state}">${cell.reason}</p>`);
  if (cell.retried !== undefined)
    parts.push(
      html`<p class="callout">${retriedText(cell.retried.reason)} <a href="${fileLink(cell.retried.files.logs)}">Its logs</a>.</p>`,
    );
  parts.push(violationsPart(cell, id));
  parts.push(
    html`<div class="pair"><section>${promisesPart(cell, id)}${thresholdsPart(cell)}</section>${eventsPart(cell)}</div>`,
  );
  parts.push(schedulePart(cell));
  for (const skipped of skippedTexts(cell)) parts.push(html`<p class="callout unknown">${skipped}</p>`);
  parts.push(faultsPart(cell));
  if (of.charts)
    parts.push(
      html`<section><h4>Over time</h4><div class="charts" data-charts="${index}" tabindex="0" role="group" aria-label="Charts of ${cell.scenario} with ${strategyIn(cell)}: latency, single operations, throughput, cache, database queries, queues, replication lag, CPU and memory over time. The tables below tell the same figures by phase. Arrow keys move the cursor."></div><p class="hint" data-script hidden>Drag to zoom, double-click to go back; arrow keys move the cursor. Shaded: a fault. Dashed: a leader change.</p></section>`,
    );
  parts.push(
    leasesPart(cell),
    watchesPart(cell),
    percentilesPart(cell),
    latencyPart(cell),
    html`<div class="pair">${cachePart(cell)}${databasePart(cell)}${loadPart(cell)}</div>`,
  );
  parts.push(filesPart(cell, manifest));
  return html`<details class="cell ${state}" id="${id}" data-state="${state}"${of.open ? html` open` : null}><summary>${mark(state)}<h3>${cell.scenario} <span class="dim">·</span> ${strategyIn(cell)}</h3><span class="state ${state}">${state}</span><span class="glance">${glance(cell)}</span></summary><div class="body">${parts}</div></details>`;
}

function glance(cell: Cell): string {
  if (cell.load.offered === 0) return 'no load was offered';
  const figures = digest(cell);
  const parts = [
    `${count(figures.outcomes.ok)} ok, ${count(figures.outcomes.fail)} fail, ${count(figures.outcomes.info)} info`,
  ];
  if (figures.before !== null)
    parts.push(
      `p99 ${figure(figures.before.p99)}${figures.during === null ? '' : ` → ${figure(figures.during.p99)}`} ms`,
    );
  if (figures.recoveryMs !== null || figures.neverRecovered)
    parts.push(figures.neverRecovered ? 'never recovered' : `recovered in ${recoveryText(figures)}`);
  return parts.join(' · ');
}

function promisesPart(cell: Cell, id: string): Markup {
  if (cell.promises.length === 0) return html`<h4>Promises</h4><p class="dim">None was judged.</p>`;
  return html`<h4>Promises</h4>${table(
    'Promises',
    [{ heading: 'promise' }, { heading: 'state' }, { heading: 'operations judged', number: true }],
    cell.promises.map((promise) => [
      html`${promise.text}${promise.reason === undefined || promise.reason === cell.reason ? null : html`<br><span class="dim">${promise.reason}</span>`}${promise.note === undefined ? null : html`<br><span class="dim">${promise.note}</span>`}`,
      promiseState(promise) === 'broken'
        ? html`<a href="#${id}-violations">${stateWord('broken')}</a>`
        : stateWord(promiseState(promise)),
      count(promise.operations),
    ]),
  )}`;
}

function thresholdsPart({ thresholds = [] }: Cell): Markup | null {
  if (thresholds.length === 0) return null;
  return html`<h4 style="margin-top:20px">Thresholds</h4>${table(
    'Thresholds',
    [{ heading: 'threshold' }, { heading: 'state' }, { heading: 'measured', number: true }],
    thresholds.map(({ metric, condition, value, state, reason }) => [
      html`${metric} ${condition}${reason === undefined ? null : html`<br><span class="dim">${reason}</span>`}`,
      stateWord(state),
      figure(value),
    ]),
  )}`;
}

function schedulePart(cell: Cell): Markup | null {
  const rows = scheduleRows(cell);
  if (rows.length === 0) return null;
  return html`<section><h4>Schedule</h4>${table(
    'Schedule',
    [
      { heading: 'at', number: true },
      { heading: 'for', number: true },
      { heading: 'fault' },
      { heading: 'options' },
    ],
    rows,
  )}</section>`;
}

/** What came of the schedule, with what injecting and healing each fault took. */
function faultsPart(cell: Cell): Markup | null {
  if (cell.faults.length === 0) return null;
  return html`<section><h4>Faults</h4>${table(
    'Faults',
    [
      { heading: 'from', number: true },
      { heading: 'to', number: true },
      { heading: 'in force after', number: true },
      { heading: 'healed in', number: true },
      { heading: 'fault' },
    ],
    faultRows(cell),
  )}</section>`;
}

/** Faults and leaders in the order of time, as sentences. */
function eventsPart(cell: Cell): Markup {
  const events: { atMs: number; kind: string; text: string }[] = [];
  for (const fault of cell.faults) {
    events.push({ atMs: fault.fromMs, kind: 'inject', text: fault.sentence });
    events.push({
      atMs: fault.toMs,
      kind: 'heal',
      text: `healed after ${duration(fault.toMs - fault.fromMs)}: ${fault.nemesis}`,
    });
  }
  cell.leaders.forEach((change, i) => {
    const previous = cell.leaders[i - 1];
    const text =
      change.leader === null
        ? 'no majority knew a leader'
        : previous === undefined
          ? `${change.leader} was the leader (term ${change.term})`
          : `${change.leader} was elected (term ${change.term})${previous.leader === null ? `, after ${duration(change.atMs - previous.atMs)} without a leader` : ''}`;
    events.push({ atMs: change.atMs, kind: change.leader === null ? 'leaderless' : 'leader', text });
  });
  events.sort((a, b) => a.atMs - b.atMs);
  const { worstOkShareDuring, downMs } = cell.availability;
  const figures = digest(cell);
  const seen = detectedMs(cell);
  const availability =
    cell.faults.length === 0
      ? null
      : html`<dl class="facts" style="margin-top:16px"><div><dt>worst share of ok during faults</dt><dd>${share(worstOkShareDuring)}</dd></div><div><dt>down, from the first fault</dt><dd>${duration(downMs)}</dd></div><div><dt>detected: another leader, or none, was seen</dt><dd>${seen === null ? none : `after ${duration(seen)}`}</dd></div><div><dt>recovery, from the last heal</dt><dd>${recoveryText(figures)}</dd></div></dl>`;
  return html`<section><h4>What happened</h4>${
    events.length === 0
      ? html`<p class="dim">No fault was injected, and no leader was seen.</p>`
      : html`<ol class="events">${events
          .slice(0, shownEvents)
          .map(
            (event) =>
              html`<li class="${event.kind}"><time>${event.atMs < 0 ? 'start' : moment(event.atMs)}</time><span>${event.text}</span></li>`,
          )}</ol>`
  }${events.length > shownEvents ? html`<p class="dim">… and ${events.length - shownEvents} more in the result.</p>` : null}${availability}</section>`;
}

/** A flapping link of a nightly run has hundreds; the charts show them all. */
const shownEvents = 60;

function violationsPart(cell: Cell, id: string): Markup | null {
  const broken = cell.promises.filter((promise) => promiseState(promise) === 'broken');
  const elsewhere = violationsElsewhere(cell);
  if (broken.length === 0 && elsewhere.length === 0) return null;
  return html`<section id="${id}-violations"><h4>Violations</h4>${broken.map((promise) =>
    brokenPromise(promise, violationsOf(promise, cell), cell),
  )}${elsewhere.slice(0, shownViolations).map((violation) => violationPart(violation, cell))}<p class="key">${(
    [
      ['ok', 'ok: it happened'],
      ['fail', 'fail: it certainly did not'],
      ['info', 'info: it may have'],
    ] as const
  ).map(
    ([name, text]) => html`<span><i style="--swatch:var(--${name})"></i>${text}</span>`,
  )}<span>The order in time is exact, the gaps are compressed.${clockNote(cell)}</span></p></section>`;
}

/** Charts count from the beginning of the load, evidence and history from that of the run. */
function clockNote({ loadStartNs }: Cell): string {
  if (loadStartNs === undefined || loadStartNs === 0) return '';
  return ` Times are the history's, in which the load began at ${moment(loadStartNs / 1e6)}.`;
}

function brokenPromise(promise: PromiseVerdict, violations: readonly Violation[], cell: Cell): Content[] {
  const shown = violations.slice(0, shownViolations);
  const more = Math.max(0, promise.violations - shown.length);
  return [
    html`<p class="callout broken" style="margin-bottom:14px"><strong>${promise.text}</strong> was broken: ${counted(promise.violations, 'violation')} in ${counted(promise.operations, 'operation')}.</p>`,
    ...shown.map((violation) => violationPart(violation, cell)),
    more > 0
      ? html`<p class="dim">… and ${count(more)} more; <a href="${fileLink(cell.files.history)}">the history</a> has every operation.</p>`
      : null,
  ];
}

function violationPart(violation: Violation, cell: Cell): Markup {
  return html`<div class="violation"><p>${violation.summary}</p>${violationTimeline(violation, cell)}${
    violation.operations.length === 0
      ? null
      : html`<details class="more"><summary>${counted(violation.operations.length, 'operation')} in full (${violation.checker}${violation.key === undefined || violation.key === '' ? null : `, key ${violation.key}`})</summary>${operationsTable(violation.operations)}<pre class="raw"><code>${violation.operations.map((operation) => JSON.stringify(operation)).join('\n')}</code></pre><button type="button" data-copy data-script hidden>Copy as JSON lines</button></details>`
  }</div>`;
}

function operationsTable(operations: readonly Operation[]): Markup {
  return table(
    'Operations of the violation',
    [
      { heading: 'process' },
      { heading: 'operation' },
      { heading: 'key' },
      { heading: 'value' },
      { heading: 'outcome' },
      { heading: 'invoked', number: true },
      { heading: 'returned', number: true },
      { heading: 'revision', number: true },
      { heading: 'answered by' },
      { heading: 'note' },
    ],
    operations.map((operation) => [
      operation.process,
      operation.grade === undefined ? operation.f : `${operation.f} (${operation.grade})`,
      operation.key,
      html`<code>${valueText(operation.value, 80)}</code>`,
      operation.outcome,
      exact(operation.invokeNs),
      exact(operation.returnNs),
      operation.revision ?? '',
      [operation.instance, operation.source, operation.cache].filter((word) => word !== undefined).join(', '),
      [
        operation.error,
        operation.final ? 'final read' : undefined,
        operation.swapped === false ? 'compare lost' : undefined,
        operation.staleMs === undefined ? undefined : `${figure(operation.staleMs)} ms stale, it said`,
      ]
        .filter((word) => word !== undefined)
        .join('; '),
    ]),
  );
}

/** Microseconds: what tells two operations of the evidence apart. */
function exact(ns: number): string {
  return Number.isFinite(ns) ? `${(ns / 1e9).toFixed(6)} s` : 'never';
}

function latencyPart(cell: Cell): Markup | null {
  const rows: (Content[] | string)[] = [];
  const quantiles = (of: Quantiles | null) =>
    of === null ? [none, none, none] : [figure(of.p50), figure(of.p99), figure(of.max)];
  const phases = phasesOf(cell);
  const group = (name: string, of: readonly (LatencyRow & Partial<Pick<OperationRow, 'outcomes'>>)[]) => {
    if (of.length === 0) return;
    rows.push(name);
    for (const phase of phases)
      for (const row of of)
        if (row.phase === phase) {
          const outcomes = row.outcomes;
          rows.push([
            phase,
            count(outcomes?.ok ?? row.fromDueMs?.count ?? 0),
            outcomes === undefined ? '' : told(outcomes.fail, 'fail'),
            outcomes === undefined ? '' : told(outcomes.info, 'info'),
            ...quantiles(row.fromDueMs),
            ...quantiles(row.fromSendMs),
          ]);
        }
  };
  if (cell.latency !== undefined)
    group(
      'all',
      cell.latency.map((row) => ({ ...row, outcomes: outcomesIn(cell, row) })),
    );
  const kinds = new Map<string, OperationRow[]>();
  for (const row of cell.operations) {
    const kind = row.grade === undefined ? row.f : `${row.f}, ${row.grade}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), row]);
  }
  for (const [kind, of] of kinds) group(kind, of);
  if (rows.length === 0) return null;
  return html`<section><h4>By phase and kind of operation</h4>${table(
    'Outcomes and latency by phase',
    [
      { heading: 'phase' },
      { heading: 'ok', number: true },
      { heading: 'fail', number: true },
      { heading: 'info', number: true },
      { heading: html`from due, ms<br>p50`, number: true },
      { heading: 'p99', number: true },
      { heading: 'max', number: true },
      { heading: html`from send, ms<br>p50`, number: true },
      { heading: 'p99', number: true },
      { heading: 'max', number: true },
    ],
    rows,
  )}</section>`;
}

function outcomesIn(cell: Cell, { phase }: LatencyRow) {
  const all = { ok: 0, fail: 0, info: 0 };
  for (const row of cell.operations)
    if (row.phase === phase) {
      all.ok += row.outcomes.ok;
      all.fail += row.outcomes.fail;
      all.info += row.outcomes.info;
    }
  return all;
}

function told(n: number, outcome: 'fail' | 'info'): Content {
  return n === 0 ? '0' : html`<span class="${outcome}-figure">${count(n)}</span>`;
}

function cachePart(cell: Cell): Markup | null {
  const rows = cell.cache.filter((row) => row.hitRate !== null);
  if (rows.length === 0) return null;
  const classes = ['hit', 'stale', 'coalesced', 'refresh', 'miss'] as const;
  return html`<section><h4>Cache</h4>${table(
    'Cache classes by phase',
    [
      { heading: 'phase' },
      { heading: 'hit rate', number: true },
      ...classes.map((heading) => ({ heading, number: true })),
    ],
    rows.map((row) => [row.phase, share(row.hitRate), ...classes.map((name) => count(row.classes[name]))]),
  )}</section>`;
}

function databasePart(cell: Cell): Markup | null {
  if (cell.database.length === 0) return null;
  return html`<section><h4>Database</h4>${table(
    'Database load by phase',
    [
      { heading: 'phase' },
      { heading: 'role' },
      { heading: 'queries/s', number: true },
      { heading: 'transactions/s', number: true },
      { heading: 'reads', number: true },
      { heading: 'writes', number: true },
    ],
    cell.database.map((row) => [
      row.phase,
      row.role,
      figure(row.queriesPerSecond),
      figure(row.transactionsPerSecond),
      count(row.reads),
      count(row.writes),
    ]),
  )}</section>`;
}

function loadPart(cell: Cell): Markup {
  const { load } = cell;
  return html`<section><h4>Load</h4><dl class="facts"><div><dt>cluster</dt><dd>${counted(cell.members, 'member')}, ${counted(cell.instances, 'instance')}</dd></div>${cell.etcdVersion === undefined ? null : html`<div><dt>etcd</dt><dd>${cell.etcdVersion}${cell.tuning ? `: ${tuningText(cell.tuning)}` : ''}</dd></div>`}<div><dt>rate</dt><dd>${figure(cell.ratePerSecond)}/s</dd></div><div><dt>offered, sent, dropped</dt><dd>${count(load.offered)}, ${count(load.sent)}, ${count(load.dropped)}</dd></div><div><dt>send lag p50, p99, max</dt><dd>${duration(load.sendLagMs.p50)}, ${duration(load.sendLagMs.p99)}, ${duration(load.sendLagMs.max)}</dd></div></dl></section>`;
}

function filesPart(cell: Cell, manifest: Manifest): Markup {
  return html`<section><h4>See it again</h4>${command(repeatCommand(cell, manifest))}<p style="margin-top:10px"><a href="${fileLink(cell.files.history)}">history</a> (every operation) · <a href="${fileLink(cell.files.logs)}">logs</a>${cell.files.schedule === undefined ? null : html` · <a href="${fileLink(cell.files.schedule)}">schedule</a> (for --schedule)`}</p></section>`;
}
