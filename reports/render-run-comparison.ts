import Table from 'cli-table3';
import type { RunComparison } from '../harness/measure/run-comparison.ts';
import { oneLine } from './figures.ts';
import { html } from './html/markup.ts';
import { mark, table } from './html/part.ts';
import { standalonePage } from './html/standalone.ts';
import { markdownTable, text } from './markdown.ts';
import { runComparisonHeadings, runComparisonHeadline, runComparisonRow } from './run-comparison.ts';
import type { State } from './verdict.ts';

const note = '* gated. Latency before the faults, from due; a change is the mean over pairs of runs.';
const states = { passed: 'kept', worse: 'broken', unknown: 'unknown' } as const satisfies Record<
  RunComparison['state'],
  State
>;

/** Fits 100 columns. */
export function runComparisonText(comparison: RunComparison): string {
  const lines: string[] = [];
  for (const { scenario, strategy, rows } of comparison.cells) {
    const grid = new Table({
      head: [...runComparisonHeadings],
      style: { head: [], border: [], compact: true },
    });
    grid.push(...rows.map(runComparisonRow));
    lines.push('', oneLine(`${scenario} · ${strategy}`), grid.toString());
  }
  for (const warning of comparison.warnings) lines.push(oneLine(`! ${warning}`));
  return `${[...lines, note, '', runComparisonHeadline(comparison)].join('\n')}\n`;
}

export function runComparisonMarkdown(comparison: RunComparison): string {
  const blocks = [`# Faultline: ${text(runComparisonHeadline(comparison))}`];
  if (comparison.warnings.length > 0)
    blocks.push(comparison.warnings.map((warning) => `- ${text(warning)}`).join('\n'));
  for (const { scenario, strategy, rows } of comparison.cells)
    blocks.push(
      `## ${text(scenario)} · ${text(strategy)}`,
      markdownTable(
        runComparisonHeadings,
        'lrrrrrl',
        rows.map((row) => runComparisonRow(row).map(text)),
      ),
    );
  return `${[...blocks, text(note)].join('\n\n')}\n`;
}

/** One file that asks the network for nothing. */
export function runComparisonHtml(comparison: RunComparison): string {
  const state = states[comparison.state];
  return standalonePage(
    `${runComparisonHeadline(comparison)} Faultline`,
    html`<header class="banner ${state}"><div>
<p class="brand">Faultline · comparison of runs</p>
<h1>${mark(state)}<span>${runComparisonHeadline(comparison)}</span></h1>
${comparison.warnings.length === 0 ? null : html`<ul class="not-tested">${comparison.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
</div></header>
<main>
${comparison.cells.map(
  ({ scenario, strategy, rows }) =>
    html`<section><h2>${scenario} · ${strategy}</h2><div class="card">${table(
      `${scenario} with ${strategy}, base and new`,
      runComparisonHeadings.map((heading, i) => ({ heading, number: i > 0 && i < 6 })),
      rows.map((row) =>
        runComparisonRow(row).map((cell, i) =>
          i < 6
            ? cell
            : html`<span class="${row.judgement === 'worse' ? 'state broken' : row.judgement === 'better' ? 'state kept' : 'dim'}">${cell}</span>`,
        ),
      ),
    )}</div></section>`,
)}
<p class="key">${note}</p>
</main>`,
  );
}
