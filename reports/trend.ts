import type { Trend } from '../harness/measure/trend.ts';
import { figure, oneLine } from './figures.ts';
import { html, type Markup } from './html/markup.ts';
import { standalonePage } from './html/standalone.ts';

const ticks = '▁▂▃▄▅▆▇█';

/** A line for each series: its last values as a sparkline, the latest, where it changed, and what is known of it. */
export function trendText(trends: readonly Trend[]): string {
  if (trends.length === 0) return 'Nothing is stored yet: add runs with --add.\n';
  const lines: string[] = [];
  let heading = '';
  for (const trend of trends) {
    const { scenario, strategy, machine, profile } = trend;
    const own = oneLine(`${scenario} · ${strategy} (${profile}, ${machine})`);
    if (own !== heading) lines.push('', own);
    heading = own;
    const values = trend.points.map(({ value }) => value);
    lines.push(
      oneLine(
        `  ${trend.metric.padEnd(18)} ${spark(values.slice(-40)).padEnd(40)} ${figure(values.at(-1)).padStart(8)}`,
      ),
      ...remarksOf(trend).map((remark) => `    ${remark}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A line for each change, with what is known of it, and for each note that stands at none. */
function remarksOf(trend: Trend): string[] {
  const told = new Set(trend.changes.map(({ known }) => known));
  return [
    ...trend.changes.map((change) => changeText(trend, change)),
    ...trend.notes
      .filter(({ text }) => !told.has(text))
      .map(({ index, text }) => oneLine(`note: ${text} (${placeIn(trend, index)})`)),
  ];
}

function changeText(trend: Trend, { index, before, after, state, known }: Trend['changes'][number]): string {
  const reason = known === undefined ? '' : `, known: ${known}`;
  return oneLine(`${state}: ${figure(before)} → ${figure(after)} from ${placeIn(trend, index)}${reason}`);
}

function placeIn({ points }: Trend, index: number): string {
  return `${points[index]?.at ?? '?'} on (value ${index + 1} of ${points.length})`;
}

function spark(values: readonly number[]): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return values
    .map((value) => ticks[high === low ? 0 : Math.round(((value - low) / (high - low)) * (ticks.length - 1))])
    .join('');
}

/** What github-action-benchmark reads as `customSmallerIsBetter`: the latest of each series in which less is better. */
export function trendBenchmark(trends: readonly Trend[]): string {
  const rows = trends.flatMap(({ scenario, strategy, metric, points, notes }) => {
    const latest = points.at(-1);
    if (latest === undefined) return [];
    const [name, value] = metric === 'hitRate' ? ['missRate', 1 - latest.value] : [metric, latest.value];
    const unit = /^p\d/.test(metric) ? 'ms' : metric === 'hitRate' ? 'share' : 'count';
    const extra = notes.map(({ index, text }) => `${points[index]?.at}: ${text}`).join('\n');
    return [{ name: `${scenario} · ${strategy}: ${name}`, unit, value, ...(extra !== '' && { extra }) }];
  });
  return `${JSON.stringify(rows, null, 2)}\n`;
}

const width = 640;
const height = 110;

/** One file that asks the network for nothing: a chart for each series, with its changes marked. */
export function trendHtml(trends: readonly Trend[]): string {
  const cells = new Map<string, Trend[]>();
  for (const trend of trends) {
    const name = `${trend.scenario} · ${trend.strategy} (${trend.profile}, ${trend.machine})`;
    cells.set(name, [...(cells.get(name) ?? []), trend]);
  }
  return standalonePage(
    'Faultline: trend',
    html`<main>
<h1 style="margin-top:24px">Trend over ${Math.max(0, ...trends.map(({ points }) => points.length))} runs</h1>
${[...cells].map(
  ([name, own]) =>
    html`<section><h2>${name}</h2><div class="pair">${own.map((trend) => html`<section class="card"><h3>${trend.metric} <span class="dim">${figure(trend.points.at(-1)?.value)}</span></h3>${chart(trend)}${remarksOf(trend).map((remark) => html`<p class="dim">${remark}</p>`)}</section>`)}</div></section>`,
)}
<p class="key">Changes by E-divisive; suspect until four values bear them out. Ten values are needed. Grey: what is known, by a note (--annotate).</p>
</main>`,
  );
}

function chart({ metric, points, changes, notes }: Trend): Markup {
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (i: number) => (values.length < 2 ? width / 2 : 6 + (i / (values.length - 1)) * (width - 12));
  const y = (value: number) =>
    high === low ? height / 2 : height - 10 - ((value - low) / (high - low)) * (height - 20);
  const tidy = (n: number) => Math.round(n * 10) / 10;
  const line = values.map((value, i) => `${i === 0 ? 'M' : 'L'}${tidy(x(i))} ${tidy(y(value))}`).join('');
  return html`<svg class="trend" viewBox="0 0 ${width} ${height}" role="img" aria-label="${metric}, from ${figure(low)} to ${figure(high)}">${changes.map(
    ({ index, state, known }) =>
      html`<line class="change ${state}${known === undefined ? '' : ' known'}" x1="${tidy(x(index))}" x2="${tidy(x(index))}" y1="0" y2="${height}"/>`,
  )}${notes.map(({ index, text }) => html`<circle class="note" cx="${tidy(x(index))}" cy="${tidy(y(values[index]!))}" r="4"><title>${oneLine(text)}</title></circle>`)}<path class="curve before" d="${line}"/></svg>`;
}
