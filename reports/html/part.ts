import type { State } from '../verdict.ts';
import { stateMarks } from '../verdict.ts';
import { type Content, html, type Markup } from './markup.ts';

// The small parts that every section of the page is made of.

export function mark(state: State): Markup {
  return html`<span class="mark ${state}" aria-hidden="true">${stateMarks[state]}</span>`;
}

export function stateWord(state: State): Markup {
  return html`<span class="state ${state}"><span aria-hidden="true">${stateMarks[state]} </span>${state}</span>`;
}

/** A command with a button to copy it; the button shows only where the script runs. */
export function command(text: string): Markup {
  return html`<div class="command"><code>${text}</code><button type="button" data-copy data-script hidden>Copy</button></div>`;
}

/** One column of a table: `number` aligns right. */
export interface Column {
  readonly heading: Content;
  readonly number?: boolean;
}

/**
 * A table that scrolls sideways within itself on a narrow screen, so that the page does not. The first column of
 * each row is its heading. A row that is a string groups those below it.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[] | string)[],
): Markup {
  const of = (column: Column) => (column.number ? html` class="number"` : null);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><thead><tr>${columns.map(
    (column) => html`<th scope="col"${of(column)}>${column.heading}</th>`,
  )}</tr></thead><tbody>${rows.map((row) =>
    typeof row === 'string'
      ? html`<tr class="group"><th scope="rowgroup" colspan="${columns.length}">${row}</th></tr>`
      : html`<tr>${row.map((content, i) =>
          i === 0 ? html`<th scope="row">${content}</th>` : html`<td${of(columns[i]!)}>${content}</td>`,
        )}</tr>`,
  )}</tbody></table></div>`;
}
