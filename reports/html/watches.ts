import type { Cell } from '../../harness/result.ts';
import { count, duration, share } from '../figures.ts';
import { html, type Markup } from './markup.ts';
import { table } from './part.ts';

/** What became of every change that a watch should have told: delivered, missed, late, twice, out of order. */
export function watchesPart({ watches = [] }: Cell): Markup | null {
  if (watches.length === 0) return null;
  const of = (n: number, changes: number) =>
    n === 0 ? '0' : html`${count(n)} <span class="dim">${share(n / Math.max(1, changes))}</span>`;
  return html`<section><h4>Watches: what they told of the changes</h4>${table(
    'What the watches told, by the condition under which the change was made',
    [
      { heading: 'condition' },
      { heading: 'changes', number: true },
      { heading: 'delivered', number: true },
      { heading: 'missed', number: true },
      { heading: 'late', number: true },
      { heading: 'told again', number: true },
      { heading: 'out of order', number: true },
      { heading: 'found by comparing', number: true },
      { heading: 'delay p50', number: true },
      { heading: 'p99', number: true },
    ],
    watches.map((row) => [
      row.condition,
      count(row.changes),
      of(row.changes - row.missed, row.changes),
      of(row.missed, row.changes),
      of(row.late, row.changes),
      of(row.duplicated, row.changes),
      of(row.outOfOrder, row.changes),
      of(row.repaired, row.changes),
      row.delayP50Ms === null ? '–' : duration(row.delayP50Ms),
      row.delayP99Ms === null ? '–' : duration(row.delayP99Ms),
    ]),
  )}<p class="key">The truth is a log that the harness keeps from the members themselves. Delay: from when the first member told it until the watcher was told.</p></section>`;
}
