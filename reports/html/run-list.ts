import type { Result } from '../../harness/result.ts';
import { count, duration } from '../figures.ts';
import { tally } from '../verdict.ts';
import { html } from './markup.ts';
import { stateWord, table } from './part.ts';
import { standalonePage } from './standalone.ts';

/** A StoredRun is a run's folder by its name. */
export interface StoredRun {
  readonly name: string;
  readonly result: Result;
}

/** The stored runs, the newest first, each leading to its report; two of them can be compared. */
export function runListHtml(runs: readonly StoredRun[], filter: string): string {
  const radio = (field: string, name: string) =>
    html`<input type="radio" name="${field}" value="${name}" aria-label="${name} as ${field}" form="compare">`;
  return standalonePage(
    'Faultline: stored runs',
    html`<main>
<h1 style="margin-top:24px">Stored runs</h1>
<form class="toolbar" style="margin-top:14px"><input type="search" name="filter" value="${filter}" aria-label="Filter by name, scenario, strategy or verdict"><button type="submit">Filter</button></form>
<form id="compare" action="/compare"></form>
${
  runs.length === 0
    ? html`<p class="dim">${filter === '' ? 'There is none yet.' : 'None is like that.'}</p>`
    : html`<div class="card">${table(
        'Stored runs',
        [
          { heading: 'run' },
          { heading: 'verdict' },
          { heading: 'what' },
          { heading: 'cells', number: true },
          { heading: 'operations', number: true },
          { heading: 'took', number: true },
          { heading: 'base' },
          { heading: 'new' },
        ],
        runs.map(({ name, result }) => {
          const all = tally(result);
          const { startedAt, finishedAt } = result.manifest;
          return [
            html`<a href="/runs/${encodeURIComponent(name)}">${name}</a><br><span class="dim">${startedAt}</span>`,
            stateWord(all.state),
            all.headline,
            count(result.cells.length),
            count(all.operations),
            duration(Date.parse(finishedAt) - Date.parse(startedAt)),
            radio('base', name),
            radio('new', name),
          ];
        }),
      )}</div><p style="margin-top:12px"><button type="submit" form="compare">Compare base and new</button></p>`
}
</main>`,
  );
}

/** Whether a run is what was typed, in its name, verdict, scenarios or strategies. */
export function matches({ name, result }: StoredRun, filter: string): boolean {
  const words = [
    name,
    tally(result).state,
    ...result.cells.flatMap((cell) => [cell.scenario, cell.strategy]),
  ];
  return words.some((word) => word.toLowerCase().includes(filter.trim().toLowerCase()));
}
