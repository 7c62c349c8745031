import type { Cell } from '../../harness/result.ts';
import { type Candidate, candidates, costOf, needs, strategiesOf, twinOf } from '../choice.ts';
import { counted, duration, figure, none } from '../figures.ts';
import { promiseState } from '../verdict.ts';
import { type Content, html, type Markup } from './markup.ts';
import { stateWord } from './part.ts';

/** For each need the strategies that met it, the cheapest first, and the price of each as a chart. */
export function choicePart(cells: readonly Cell[]): Markup | null {
  if (strategiesOf(cells).length < 2) return null;
  const rows = needs
    .map((need) => ({ ...need, all: candidates(need.need, cells) }))
    .filter(({ all }) => all.some(({ state }) => state !== 'absent'));
  if (rows.length === 0) return null;
  return html`<section aria-labelledby="choice-title"><h2 id="choice-title">Which strategy to choose</h2><div class="card choice"><div>${rows.map(
    ({ words, all }) =>
      html`<h3>${words}</h3><ol class="candidates">${all
        .filter(({ state }) => state !== 'absent')
        .map(candidate)}</ol>${absent(all)}`,
  )}</div>${tradeOff(cells)}</div><p class="key">Kept in every scenario of this run; ordered by database queries for each operation (DB/op), then p99, both before the faults. Naive: the strategy as it is mostly written.</p></section>`;
}

function candidate({ strategy, state, violations, cost }: Candidate): Markup | null {
  if (state === 'absent') return null;
  return html`<li><span>${name(strategy)}</span> ${stateWord(state)} <span class="dim">${
    state === 'broken' && violations > 0 ? `${counted(violations, 'violation')} · ` : null
  }${price(cost)}</span></li>`;
}

function price({ queriesPerOperation, p99Ms }: Candidate['cost']): string {
  return `${queriesPerOperation === null ? none : queriesPerOperation.toFixed(2)} DB/op · p99 ${duration(p99Ms)}`;
}

function absent(all: readonly Candidate[]): Markup | null {
  const names = all.filter(({ state }) => state === 'absent').map(({ strategy }) => strategy);
  return names.length === 0 ? null : html`<p class="dim">Not promised by ${names.join(', ')}.</p>`;
}

function name(strategy: string): Content {
  return twinOf(strategy) === null ? strategy : html`${strategy} <span class="tag">naive</span>`;
}

const width = 520;
const height = 340;
const frame = { left: 58, right: 18, top: 18, bottom: 44 };

/** One dot a strategy: p99 to the right, database queries upwards, so that the cheapest is at the bottom left. */
function tradeOff(cells: readonly Cell[]): Markup | null {
  const dots = strategiesOf(cells).flatMap((strategy) => {
    const own = cells.filter((cell) => cell.strategy === strategy);
    const { queriesPerOperation, p99Ms } = costOf(own);
    if (queriesPerOperation === null || p99Ms === null || p99Ms <= 0) return [];
    const promises = own.flatMap((cell) => cell.promises);
    const states = promises.map(promiseState);
    const state = states.includes('broken') ? 'broken' : states.includes('unknown') ? 'unknown' : 'kept';
    const violations = promises.reduce((sum, one) => sum + one.violations, 0);
    return [{ strategy, state, violations, ms: p99Ms, queries: queriesPerOperation } as const];
  });
  if (dots.length < 2) return null;
  const low = Math.min(...dots.map(({ ms }) => ms)) / 1.6;
  const high = Math.max(...dots.map(({ ms }) => ms)) * 1.6;
  const most = Math.max(...dots.map(({ queries }) => queries), 0.1) * 1.2;
  const x = (ms: number) =>
    frame.left + (Math.log(ms / low) / Math.log(high / low)) * (width - frame.left - frame.right);
  const y = (queries: number) =>
    height - frame.bottom - (queries / most) * (height - frame.top - frame.bottom);
  const bottom = height - frame.bottom;
  const taken: { from: number; to: number; y: number }[] = [];
  /** A label moves up until it covers no other label and no dot. */
  const labelY = (wanted: number, from: number, to: number) => {
    const free = (y: number) =>
      taken.every((other) => other.to < from || other.from > to || Math.abs(other.y - y) >= 14);
    let y = wanted;
    while (!free(y) && y > frame.top) y -= 7;
    taken.push({ from, to, y });
    return y;
  };
  for (const dot of dots) taken.push({ from: x(dot.ms) - 8, to: x(dot.ms) + 8, y: y(dot.queries) + 4 });
  const drawn = [...dots]
    .sort((a, b) => a.queries - b.queries)
    .map((dot) => {
      const [left, top] = [x(dot.ms), y(dot.queries)];
      const right = left < width * 0.55;
      const text = `${dot.strategy}${dot.violations > 0 ? ` (${counted(dot.violations, 'violation')})` : ''}`;
      const length = text.length * 6.3;
      const at = labelY(
        top + 4,
        right ? left + 12 : left - 12 - length,
        right ? left + 12 + length : left - 12,
      );
      return html`<g class="${dot.state}"><title>${text}: ${price({ queriesPerOperation: dot.queries, p99Ms: dot.ms })}</title>${
        twinOf(dot.strategy) === null
          ? html`<path class="dot" d="M${tidy(left - 6)} ${tidy(top)}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z"/>`
          : html`<path class="dot naive" d="M${tidy(left)} ${tidy(top - 7)}l7 7l-7 7l-7 -7z"/>`
      }<text x="${tidy(right ? left + 12 : left - 12)}" y="${tidy(at)}" text-anchor="${right ? 'start' : 'end'}">${text}</text></g>`;
    });
  const ticksX = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000].filter(
    (ms) => ms >= low && ms <= high,
  );
  const ticksY = [0, 0.25, 0.5, 0.75].map((part) => part * most);
  return html`<figure class="trade-off"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Each strategy by its p99 latency and its database queries for each operation: ${dots
    .map((dot) => `${dot.strategy} ${duration(dot.ms)}, ${dot.queries.toFixed(2)}, ${dot.state}`)
    .join('; ')}">${ticksX.map(
    (ms) =>
      html`<line class="tick" x1="${tidy(x(ms))}" x2="${tidy(x(ms))}" y1="${frame.top}" y2="${bottom}"/><text class="scale" x="${tidy(x(ms))}" y="${bottom + 16}" text-anchor="middle">${duration(ms)}</text>`,
  )}${ticksY.map(
    (queries) =>
      html`<line class="tick" x1="${frame.left}" x2="${width - frame.right}" y1="${tidy(y(queries))}" y2="${tidy(y(queries))}"/><text class="scale" x="${frame.left - 6}" y="${tidy(y(queries) + 4)}" text-anchor="end">${figure(queries)}</text>`,
  )}<text class="scale" x="${(width + frame.left) / 2}" y="${height - 8}" text-anchor="middle">p99 before the faults →</text><text class="scale" x="4" y="12">↑ database queries for each operation</text>${drawn}</svg></figure>`;
}

function tidy(n: number): number {
  return Math.round(n * 10) / 10;
}
