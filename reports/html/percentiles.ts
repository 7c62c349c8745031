import type { Cell, PhaseName } from '../../harness/result.ts';
import { duration } from '../figures.ts';
import { html, type Markup } from './markup.ts';

const width = 1080;
const height = 230;
const frame = { left: 66, right: 20, top: 12, bottom: 40 };
const marks = [0, 50, 90, 99, 99.9, 99.99, 99.999];

/**
 * Latency by percentile as HdrHistogram draws it: to the right the distance to 100 % halves and halves again, so that
 * the tail is as wide as the middle. One line a phase, of all that ended ok, from when it was due.
 */
export function percentilesPart(cell: Cell): Markup | null {
  const curves = (cell.percentiles ?? []).filter(({ points }) => points.length > 2);
  if (curves.length === 0) return null;
  const all = curves.flatMap(({ points }) => points.map(([, ms]) => Math.max(ms, 0.001)));
  const low = 10 ** Math.floor(Math.log10(all.reduce((a, b) => Math.min(a, b))));
  const high = 10 ** Math.ceil(Math.log10(all.reduce((a, b) => Math.max(a, b)) * 1.0001));
  // The last point is at 100, which is infinitely far: it stands one step beyond the one before it.
  const distance = (percentile: number) => Math.log10(100 / (100 - percentile));
  const furthest = Math.max(...curves.map(({ points }) => distance(points.at(-2)![0]))) + 0.1;
  const x = (percentile: number) =>
    frame.left +
    (percentile >= 100 ? 1 : Math.min(1, distance(percentile) / furthest)) *
      (width - frame.left - frame.right);
  const y = (ms: number) =>
    frame.top +
    (1 - Math.log(Math.max(ms, 0.001) / low) / Math.log(high / low)) * (height - frame.top - frame.bottom);
  const bottom = height - frame.bottom;
  const decades: number[] = [];
  for (let ms = low; ms <= high * 1.001; ms *= 10) decades.push(ms);
  const told = curves
    .map(({ phase, points }) => `${phase}: ${duration(points[0]?.[1])} to ${duration(points.at(-1)?.[1])}`)
    .join('; ');
  return html`<section><h4>Latency by percentile</h4><div class="scroll" tabindex="0" role="region" aria-label="Latency by percentile"><svg class="percentiles" viewBox="0 0 ${width} ${height}" role="img" aria-label="Latency by percentile, ${told}">${decades.map(
    (ms) =>
      html`<line class="tick" x1="${frame.left}" x2="${width - frame.right}" y1="${tidy(y(ms))}" y2="${tidy(y(ms))}"/><text class="scale" x="${frame.left - 8}" y="${tidy(y(ms) + 4)}" text-anchor="end">${duration(ms)}</text>`,
  )}${marks
    .filter((percentile) => distance(percentile) <= furthest)
    .map(
      (percentile) =>
        html`<line class="tick" x1="${tidy(x(percentile))}" x2="${tidy(x(percentile))}" y1="${frame.top}" y2="${bottom}"/><text class="scale" x="${tidy(x(percentile))}" y="${bottom + 17}" text-anchor="middle">${percentile} %</text>`,
    )}${curves.map(
    ({ phase, points }) =>
      html`<path class="curve ${phase}" d="${points.map(([percentile, ms], i) => `${i === 0 ? 'M' : 'L'}${tidy(x(percentile))} ${tidy(y(ms))}`).join('')}"/>`,
  )}</svg></div><p class="key">${curves.map(({ phase }) => html`<span><i style="--swatch:var(--${swatches[phase]})"></i>${phase}</span>`)}<span>Of what ended ok, from when it was due; both axes are logarithmic.</span></p></section>`;
}

const swatches: Readonly<Record<PhaseName, string>> = { before: 'p50', during: 'p99', after: 'hit' };

function tidy(n: number): number {
  return Math.round(n * 10) / 10;
}
