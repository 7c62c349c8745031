import type { Cell } from '../../harness/result.ts';
import { html, type Markup } from './markup.ts';

const bins = 60;
const height = 30;
/** Room above the bars, where a strip says when there was a fault even if all is covered by them. */
const strip = 5;

/**
 * A Sparkline is a cell's throughput by outcome in one glance, with the faults shaded behind it: what ended ok from
 * below, then fail, then info. Null when there was no load.
 */
export function sparkline(cell: Cell): Markup | null {
  const { ok, fail, info, bucketMs, fromMs } = cell.timeline;
  if (ok.length === 0) return null;
  const width = Math.min(bins, ok.length);
  const binned = Array.from({ length: width }, (_, bin) => {
    const from = Math.floor((bin * ok.length) / width);
    const to = Math.floor(((bin + 1) * ok.length) / width);
    const mean = (values: readonly number[]) =>
      values.slice(from, to).reduce((a, b) => a + b, 0) / Math.max(1, to - from);
    return { ok: mean(ok), fail: mean(fail), info: mean(info) };
  });
  const most = Math.max(1e-9, ...binned.map((bin) => bin.ok + bin.fail + bin.info));
  const lengthMs = ok.length * bucketMs;
  const x = (ms: number) => Math.max(0, Math.min(width, ((ms - fromMs) / lengthMs) * width));
  const shade = cell.faults.map(
    (fault) =>
      html`<rect class="fault" x="${tidy(x(fault.fromMs))}" y="0" width="${tidy(Math.max(0, x(fault.toMs) - x(fault.fromMs)))}" height="${height}"/><rect class="strip" x="${tidy(x(fault.fromMs))}" y="0" width="${tidy(Math.max(0.4, x(fault.toMs) - x(fault.fromMs)))}" height="2"/>`,
  );
  const bars = (['ok', 'fail', 'info'] as const).map((outcome) => {
    const path = binned
      .map((bin, i) => {
        if (bin[outcome] === 0) return '';
        const below = outcome === 'ok' ? 0 : outcome === 'fail' ? bin.ok : bin.ok + bin.fail;
        const top = height - ((below + bin[outcome]) / most) * (height - strip - 1);
        const bottom = height - (below / most) * (height - strip - 1);
        return `M${i} ${tidy(bottom)}V${tidy(top)}H${i + 1}V${tidy(bottom)}Z`;
      })
      .join('');
    return path !== '' && html`<path class="${outcome}" d="${path}"/>`;
  });
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">${shade}${bars}</svg>`;
}

function tidy(n: number): number {
  return Math.round(n * 100) / 100;
}
