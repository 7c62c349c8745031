import type { Cell } from '../../harness/result.ts';
import { endOf } from '../digest.ts';
import { moment } from '../figures.ts';
import { html, type Markup } from './markup.ts';
import { table } from './part.ts';

const width = 1080;
const frame = { left: 120, right: 20, top: 8, bottom: 26 };
const rowHeight = 34;
const barHeight = 11;

/** Belief against truth: what each holder said of its lease over what the members had of it, on the load's time axis. */
export function leasesPart(cell: Cell): Markup | null {
  const spans = cell.leases ?? [];
  if (spans.length === 0) return null;
  const holders = [...new Set(spans.map(({ holder }) => holder))];
  const ends = spans.flatMap(({ believed, held }) => [believed?.[1] ?? 0, held?.[1] ?? 0]);
  const toMs = Math.max(endOf(cell), ...ends, 1);
  const x = (ms: number) =>
    tidy(frame.left + (Math.min(Math.max(ms, 0), toMs) / toMs) * (width - frame.left - frame.right));
  const height = frame.top + holders.length * rowHeight + frame.bottom;
  const bottom = height - frame.bottom;
  const bar = (span: readonly [number, number], top: number, kind: string, title: string) =>
    html`<rect class="${kind}" x="${x(span[0])}" y="${top}" width="${tidy(Math.max(2, x(span[1]) - x(span[0])))}" height="${barHeight}" rx="2"><title>${title}</title></rect>`;
  const rows = holders.map((holder, i) => {
    const top = frame.top + i * rowHeight;
    return html`<text class="scale" x="${frame.left - 8}" y="${top + 10}" text-anchor="end">${holder} believes</text><text class="scale" x="${frame.left - 8}" y="${top + 24}" text-anchor="end">members have</text>${spans
      .filter((span) => span.holder === holder)
      .map(({ epoch, believed, held }) => [
        believed && bar(believed, top, 'believed', `${holder} believed in epoch ${epoch}: ${told(believed)}`),
        held &&
          bar(held, top + barHeight + 3, 'held', `members had epoch ${epoch} of ${holder}: ${told(held)}`),
      ])}`;
  });
  const faults = cell.faults.map(
    (fault) =>
      html`<rect class="fault" x="${x(fault.fromMs)}" y="${frame.top}" width="${tidy(Math.max(1, x(fault.toMs) - x(fault.fromMs)))}" height="${bottom - frame.top}"><title>${fault.nemesis}</title></rect>`,
  );
  const marks = Array.from({ length: 7 }, (_, i) => (toMs * i) / 6);
  return html`<section><h4>Leases: belief against truth</h4><div class="scroll" tabindex="0" role="region" aria-label="Leases over time"><svg class="leases" viewBox="0 0 ${width} ${height}" role="img" aria-label="What each holder believed of its lease, over what the members had; the table below tells the same">${faults}${marks.map(
    (ms) =>
      html`<line class="tick" x1="${x(ms)}" x2="${x(ms)}" y1="${frame.top}" y2="${bottom}"/><text class="scale" x="${x(ms)}" y="${bottom + 17}" text-anchor="middle">${moment(ms)}</text>`,
  )}${rows}</svg></div><p class="key"><span><i style="--swatch:var(--p50)"></i>the holder said that it lives</span><span><i style="--swatch:var(--kept)"></i>a member had it</span><span>Shaded: a fault. Both as they were seen by looking several times a second; the promise is judged by the single answers.</span></p>${table(
    'Leases, as they were believed in and had',
    [
      { heading: 'holder' },
      { heading: 'epoch', number: true },
      { heading: 'believed in' },
      { heading: 'a member had it' },
    ],
    spans
      .slice(0, shownSpans)
      .map((span) => [span.holder, String(span.epoch), told(span.believed), told(span.held)]),
  )}${spans.length > shownSpans ? html`<p class="dim">… and ${spans.length - shownSpans} more in the result; the picture has all.</p>` : null}</section>`;
}

/** An instance that is killed again and again registers anew each time. */
const shownSpans = 60;

function told(span: readonly [number, number] | null): string {
  if (span === null) return 'never';
  return `${span[0] < 0 ? 'before the load' : moment(span[0])} to ${moment(span[1])}`;
}

function tidy(n: number): number {
  return Math.round(n * 10) / 10;
}
