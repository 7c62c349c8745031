import type { Cell } from '../harness/result.ts';
import { endOf, strategyIn } from './digest.ts';
import { duration, figure, moment, oneLine } from './figures.ts';
import { html, type Markup } from './html/markup.ts';

const width = 900;
const height = 300;
const left = 62;
const right = 22;
const latency = { top: 44, bottom: 150 };
const rate = { top: 176, bottom: 258 };
/** More than so many points are no finer on paper. */
const mostColumns = 240;

/** Where a cell's chart is written, in the run's folder; nothing of a name that is no letter or number is in it. */
export function cellChartFile(cell: Cell, index: number): string {
  const name = `${cell.scenario} ${strategyIn(cell)}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80);
  return `charts/${index + 1}-${name}.svg`;
}

/**
 * A cell's latency and throughput over time on one axis, its faults shaded and named: an image of its own, light or
 * dark as who looks at it wishes. Null when no load was recorded.
 */
export function cellChart(cell: Cell): string | null {
  const columns = columnsOf(cell);
  if (columns.length === 0) return null;
  const { fromMs } = cell.timeline;
  const toMs = endOf(cell);
  const x = (ms: number) =>
    tidy(left + Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs))) * (width - left - right));
  const title = oneLine(`${cell.scenario} · ${strategyIn(cell)}`);
  const chart = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Latency and throughput of ${title}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="${left}" y="20">${title}</text>
${cell.faults.map((fault) => {
  const [a, b] = [x(fault.fromMs), x(fault.toMs)];
  const name = oneLine(fault.nemesis);
  return html`<g class="fault"><title>${oneLine(fault.sentence)}, ${moment(fault.fromMs)} to ${moment(fault.toMs)}</title><rect x="${a}" y="${latency.top - 14}" width="${tidy(Math.max(1, b - a))}" height="${rate.bottom - latency.top + 14}"/>${b - a > name.length * 6 && html`<text x="${tidy(a + 4)}" y="${latency.top - 3}">${name}</text>`}</g>`;
})}
${cell.leaders.map(({ atMs }) => atMs > fromMs && html`<path class="leader" d="M${x(atMs)} ${latency.top}V${rate.bottom}"/>`)}
${latencyPanel(columns, x)}
${ratePanel(columns, x)}
${secondsBetween(fromMs, toMs).map((ms) => html`<text class="scale" x="${x(ms)}" y="${rate.bottom + 16}" text-anchor="middle">${ms / 1_000} s</text>`)}
<text class="scale" x="${left}" y="${height - 8}">Of what ended ok, from when it was due.${cell.faults.length > 0 && ' Shaded: a fault.'}${cell.leaders.length > 1 && ' Dashed: a leader change.'}</text>
</svg>
`;
  return chart.text;
}

/** A Column is one bucket of the timeline, or several where there are too many. */
interface Column {
  readonly fromMs: number;
  readonly toMs: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly perSecond: Readonly<Record<'ok' | 'fail' | 'info', number>>;
}

/** Of several buckets the highest quantile is told: theirs cannot be put together, and none of them may be lost. */
function columnsOf({ timeline }: Cell): Column[] {
  const { fromMs, bucketMs } = timeline;
  const by = Math.max(1, Math.ceil(timeline.ok.length / mostColumns));
  return Array.from({ length: Math.ceil(timeline.ok.length / by) }, (_, i) => {
    const of = <T>(series: readonly T[]) => series.slice(i * by, (i + 1) * by);
    const buckets = of(timeline.ok).length;
    const highest = (series: readonly (number | null)[]) =>
      of(series).reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
    const perSecond = (series: readonly number[]) =>
      (of(series).reduce((a, b) => a + b, 0) / (buckets * bucketMs)) * 1_000;
    return {
      fromMs: fromMs + i * by * bucketMs,
      toMs: fromMs + (i * by + buckets) * bucketMs,
      p50Ms: highest(timeline.p50Ms),
      p99Ms: highest(timeline.p99Ms),
      perSecond: {
        ok: perSecond(timeline.ok),
        fail: perSecond(timeline.fail),
        info: perSecond(timeline.info),
      },
    };
  });
}

/** On a logarithmic scale, from the decade below the least to the one above the most. */
function latencyPanel(columns: readonly Column[], x: (ms: number) => number): Markup {
  const all = columns.flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms]).filter((ms) => ms !== null);
  const floor = 0.001;
  const low = Math.floor(Math.log10(Math.max(floor, Math.min(...all, 1e9))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(floor, ...all))));
  const y = (ms: number) => {
    const share = (Math.log10(Math.max(floor, ms)) - low) / (high - low);
    return tidy(latency.bottom - share * (latency.bottom - latency.top));
  };
  const decades = all.length === 0 ? [] : Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const line = (of: 'p50Ms' | 'p99Ms') => {
    let open = false;
    return columns
      .map(({ fromMs, toMs, [of]: ms }) => {
        const step = ms === null ? '' : `${open ? 'L' : 'M'}${x((fromMs + toMs) / 2)} ${y(ms)}`;
        open = ms !== null;
        return step;
      })
      .join('');
  };
  return html`${decades.map((ms) => html`<path class="grid" d="M${left} ${y(ms)}H${width - right}"/><text class="scale" x="${left - 6}" y="${tidy(y(ms) + 4)}" text-anchor="end">${duration(ms)}</text>`)}<path class="p50" d="${line('p50Ms')}"/><path class="p99" d="${line('p99Ms')}"/><text class="scale" x="${width - right}" y="20" text-anchor="end"><tspan class="p50">━ p50</tspan> <tspan class="p99">━ p99</tspan> <tspan class="ok">■ ok</tspan> <tspan class="fail">■ fail</tspan> <tspan class="info">■ info</tspan></text>`;
}

/** Stacked: what ended ok below, then fail, then info. */
function ratePanel(columns: readonly Column[], x: (ms: number) => number): Markup {
  const most = Math.max(1e-9, ...columns.map(({ perSecond: { ok, fail, info } }) => ok + fail + info));
  const y = (perSecond: number) => tidy(rate.bottom - (perSecond / most) * (rate.bottom - rate.top));
  const bars = (['ok', 'fail', 'info'] as const).map((outcome) => {
    const path = columns
      .map(({ fromMs, toMs, perSecond }) => {
        if (perSecond[outcome] === 0) return '';
        const { ok, fail } = perSecond;
        const below = { ok: 0, fail: ok, info: ok + fail }[outcome];
        return `M${x(fromMs)} ${y(below)}V${y(below + perSecond[outcome])}H${x(toMs)}V${y(below)}Z`;
      })
      .join('');
    return path !== '' && html`<path class="area ${outcome}" d="${path}"/>`;
  });
  return html`<path class="grid" d="M${left} ${rate.bottom}H${width - right}M${left} ${rate.top}H${width - right}"/>${bars}<text class="scale" x="${left - 6}" y="${rate.top + 4}" text-anchor="end">${figure(most)}/s</text><text class="scale" x="${left - 6}" y="${rate.bottom + 4}" text-anchor="end">0</text>`;
}

/** Whole steps of 1, 2 or 5 times a power of ten, ten of them at most. */
function secondsBetween(fromMs: number, toMs: number): number[] {
  const least = (toMs - fromMs) / 10;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].map((by) => by * power).find((ms) => ms >= least)!;
  const first = Math.ceil(fromMs / step);
  return Array.from({ length: Math.floor(toMs / step) - first + 1 }, (_, i) => (first + i) * step);
}

function tidy(n: number): number {
  return Math.round(n * 10) / 10;
}

/** The colours of the page. */
const style = [
  'text{font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600;fill:#17212c}.scale{fill:#566475}',
  '.paper{fill:#fff}.grid{stroke:#dde2e9;fill:none}.leader{stroke:#566475;stroke-dasharray:4 4;fill:none}',
  '.fault rect{fill:#d83434;fill-opacity:.1}.fault text{fill:#c3283a;font-size:11px}',
  'path.p50,path.p99{fill:none;stroke-width:1.6}path.p50{stroke:#2c78dd}path.p99{stroke:#d23c74}',
  'tspan.p50{fill:#2c78dd}tspan.p99{fill:#d23c74}.ok{fill:#24948a}.fail{fill:#dd8415}.info{fill:#8b67d6}',
  '@media(prefers-color-scheme:dark){.paper{fill:#151c25}.title{fill:#e3e9f0}.scale{fill:#97a5b6}',
  '.grid{stroke:#2a3644}.fault rect{fill-opacity:.25}.fault text{fill:#ff6f79}}',
].join('');
