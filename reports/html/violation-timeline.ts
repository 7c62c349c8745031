import type { Violation } from '../../harness/checker/checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Cell, Fault } from '../../harness/result.ts';
import { moment, valueText } from '../figures.ts';
import { html, type Markup } from './markup.ts';

const width = 1080;
const left = 96;
const right = 24;
const rowHeight = 26;
const barHeight = 16;
const characterWidth = 6.7;

/**
 * The operations of a violation, each as a bar from its invocation to its return, one lane a process. The order on
 * the time axis is exact; its lengths are not, because evidence often lies seconds apart and takes milliseconds:
 * the gap between two events gets the square root of its length.
 */
export function violationTimeline(
  violation: Violation,
  { faults, loadStartNs }: Pick<Cell, 'faults' | 'loadStartNs'>,
): Markup | null {
  const operations = [...violation.operations]
    .sort((a, b) => a.invokeNs - b.invokeNs)
    .slice(0, maxOperations);
  if (operations.length === 0) return null;
  const axis = axisOf(operations);
  const lanes = lanesOf(operations, axis);
  const contradiction = contradicting(operations);
  const rows = lanes.reduce((sum, lane) => sum + lane.rows.length, 0);
  const top = 8;
  const bottom = top + rows * rowHeight;
  let row = 0;
  const placed = new Map<Operation, { x: number; y: number }>();
  const drawn = lanes.map((lane) => {
    const laneTop = top + row * rowHeight;
    const parts = lane.rows.flatMap((items) => {
      const y = top + row++ * rowHeight + (rowHeight - barHeight) / 2;
      for (const item of items) placed.set(item.operation, { x: (item.from + item.to) / 2, y });
      return items.map((item) => bar(item, y));
    });
    return html`<g><line class="lane" x1="0" x2="${width}" y1="${laneTop}" y2="${laneTop}"/><text class="who" x="4" y="${laneTop + rowHeight / 2 + 4}">process ${lane.process}</text>${parts}</g>`;
  });
  const described = operations.map(sentence).join('; ');
  const link = contradiction && linkBetween(placed.get(contradiction[0])!, placed.get(contradiction[1])!);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Timeline of the operations"><svg class="evidence" viewBox="0 0 ${width} ${bottom + 30}" role="img" aria-label="${described}">${loadStartNs === undefined ? null : faults.map((fault) => shade(fault, loadStartNs, axis, top, bottom))}${drawn}<line class="axis" x1="${left}" x2="${width - right}" y1="${bottom}" y2="${bottom}"/>${ticks(axis, top, bottom)}${link}</svg></div>${
    contradiction === null
      ? null
      : html`<p class="contradiction"><b>${told(contradiction[0])}</b> against <b>${told(contradiction[1])}</b></p>`
  }`;
}

/**
 * The two operations that cannot both be: what was observed last, and the newest write before it that ended ok with
 * another value. Null where the evidence has no such pair, as of promises that are about time.
 */
export function contradicting(operations: readonly Operation[]): readonly [Operation, Operation] | null {
  const observed = operations
    .filter(({ f, outcome }) => f === 'read' && outcome === 'ok')
    .sort((a, b) => a.returnNs - b.returnNs)
    .at(-1);
  if (observed === undefined) return null;
  const written = operations
    .filter(
      (one) =>
        one.f !== 'read' &&
        one.outcome === 'ok' &&
        one.key === observed.key &&
        one.returnNs <= observed.returnNs &&
        JSON.stringify(leaves(one)) !== JSON.stringify(observed.value),
    )
    .sort((a, b) => a.invokeNs - b.invokeNs)
    .at(-1);
  if (written !== undefined) return [written, observed];
  const earlier = operations
    .filter(
      (one) =>
        one.f === 'read' &&
        one.outcome === 'ok' &&
        one !== observed &&
        one.key === observed.key &&
        JSON.stringify(one.value) !== JSON.stringify(observed.value),
    )
    .at(-1);
  return earlier === undefined ? null : [earlier, observed];
}

/** The value that a write leaves behind. */
function leaves({ f, value }: Operation): unknown {
  return f === 'cas' && Array.isArray(value) ? value[1] : f === 'delete' ? null : value;
}

function linkBetween(from: { x: number; y: number }, to: { x: number; y: number }): Markup {
  // From the lower edge of the upper bar to the upper edge of the lower one; in one row, an arc below both.
  const [a, b] = from.y <= to.y ? [from, to] : [to, from];
  const startY = a.y + barHeight;
  const endY = a.y === b.y ? startY : b.y;
  const bend = a.y === b.y ? 14 : (endY - startY) / 2;
  return html`<path class="link" d="M${tidy(a.x)} ${tidy(startY)}C${tidy(a.x)} ${tidy(startY + bend)} ${tidy(b.x)} ${tidy(a.y === b.y ? endY + bend : endY - bend)} ${tidy(b.x)} ${tidy(endY)}"/>`;
}

function told(operation: Operation): string {
  return `${labelOf(operation)} by process ${operation.process}`;
}

/** A checker shows few; more than these are in the table below the drawing. */
const maxOperations = 40;

interface Axis {
  readonly times: readonly number[];
  /** Exact at every event, between two events in proportion. */
  x(ns: number): number;
}

function axisOf(operations: readonly Operation[]): Axis {
  const times = [
    ...new Set(operations.flatMap((one) => [one.invokeNs, one.returnNs]).filter(Number.isFinite)),
  ].sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, i) => Math.sqrt(time - times[i]!));
  // No gap below a share of the even one: events that are apart must be seen apart.
  const even = gaps.reduce((a, b) => a + b, 0) / Math.max(1, gaps.length);
  const weights = gaps.map((gap) => Math.max(gap, even * 0.35));
  const open = operations.some((one) => !Number.isFinite(one.returnNs)) ? even * 0.8 || 1 : 0;
  const all = weights.reduce((a, b) => a + b, 0) + open;
  const room = width - left - right;
  const xs = [left];
  for (const weight of weights) xs.push(xs.at(-1)! + (weight / all) * room);
  return {
    times,
    x(ns) {
      if (times.length === 0) return ns === Number.POSITIVE_INFINITY ? width - right : left;
      if (ns <= times[0]!) return ns < times[0]! ? left - 10 : left;
      if (ns > times.at(-1)!) return width - right;
      const after = times.findIndex((time) => time >= ns);
      const part = (ns - times[after - 1]!) / (times[after]! - times[after - 1]!);
      return xs[after - 1]! + part * (xs[after]! - xs[after - 1]!);
    },
  };
}

interface Item {
  readonly operation: Operation;
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly labelX: number;
  readonly anchor: 'start' | 'end';
}

interface Lane {
  readonly process: number;
  readonly rows: Item[][];
}

/** One lane a process, in order of appearance; what would overlap goes one row down in its lane. */
function lanesOf(operations: readonly Operation[], axis: Axis): Lane[] {
  const lanes = new Map<number, Lane>();
  for (const operation of operations) {
    const lane = lanes.get(operation.process) ?? { process: operation.process, rows: [] };
    lanes.set(operation.process, lane);
    const item = itemOf(operation, axis);
    const free = lane.rows.find((row) => row.every((other) => !overlap(extent(other), extent(item))));
    if (free === undefined) lane.rows.push([item]);
    else free.push(item);
  }
  return [...lanes.values()];
}

function itemOf(operation: Operation, axis: Axis): Item {
  const from = axis.x(operation.invokeNs);
  const to = Math.max(axis.x(operation.returnNs), from + 4);
  const label = labelOf(operation);
  const length = label.length * characterWidth;
  if (length + 10 <= to - from) return { operation, from, to, label, labelX: from + 6, anchor: 'start' };
  if (to + 6 + length <= width) return { operation, from, to, label, labelX: to + 5, anchor: 'start' };
  return { operation, from, to, label, labelX: from - 5, anchor: 'end' };
}

function extent(item: Item): [number, number] {
  const length = item.label.length * characterWidth;
  const [from, to] =
    item.anchor === 'start' ? [item.labelX, item.labelX + length] : [item.labelX - length, item.labelX];
  return [Math.min(from, item.from) - 4, Math.max(to, item.to) + 4];
}

function overlap(a: [number, number], b: [number, number]): boolean {
  return a[0] < b[1] && b[0] < a[1];
}

function bar(item: Item, y: number): Markup {
  const { operation, from, to } = item;
  const open = !Number.isFinite(operation.returnNs);
  const inside = item.anchor === 'start' && item.labelX < to;
  return html`<g class="op ${operation.outcome}${open ? ' open' : ''}"><title>${sentence(operation)}</title><rect x="${tidy(from)}" y="${tidy(y)}" width="${tidy(to - from)}" height="${barHeight}" rx="3"/>${open ? html`<path d="M${tidy(to)} ${tidy(y)}l7 ${barHeight / 2}l-7 ${barHeight / 2}z"/>` : null}<text class="${inside ? 'inside' : 'beside'}" x="${tidy(item.labelX)}" y="${tidy(y + barHeight - 4)}" text-anchor="${item.anchor}">${item.label}</text></g>`;
}

/** write 12, read → 7, cas 5 → 6, delete. */
export function labelOf(operation: Operation): string {
  const { f, value, outcome } = operation;
  const end = outcome === 'ok' ? '' : outcome === 'fail' ? ' (failed)' : ' (open)';
  if (f === 'read') return outcome === 'ok' ? `read → ${valueText(value, 16)}` : `read${end}`;
  if (f === 'cas' && Array.isArray(value))
    return `cas ${valueText(value[0], 10)} → ${valueText(value[1], 10)}${operation.swapped === false ? ' (lost)' : end}`;
  if (f === 'delete') return `delete${end}`;
  return `${f} ${valueText(value, 16)}${end}`;
}

function sentence(operation: Operation): string {
  return `process ${operation.process}: ${labelOf(operation)}${operation.key === '' ? '' : ` on ${operation.key}`}, from ${moment(operation.invokeNs / 1e6)} to ${moment(operation.returnNs / 1e6)}`;
}

/** Shaded only where the fault's window meets the evidence: a window left or right of all events would mislead. */
function shade(fault: Fault, loadStartNs: number, axis: Axis, top: number, bottom: number): Markup | null {
  const [first, last] = [axis.times[0], axis.times.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [fromNs, toNs] = [fault.fromMs, fault.toMs].map((ms) => ms * 1e6 + loadStartNs) as [number, number];
  if (toNs < first || fromNs > last) return null;
  const from = axis.x(Math.max(fromNs, first));
  const to = axis.x(Math.min(toNs, last));
  return html`<rect class="fault" x="${tidy(from)}" y="${top}" width="${tidy(Math.max(2, to - from))}" height="${bottom - top}"><title>${fault.sentence}</title></rect>`;
}

/** A tick at each event, and its time where there is room: as many decimals as tell the events apart. */
function ticks(axis: Axis, top: number, bottom: number): Markup[] {
  const marks: Markup[] = [];
  let free = 0;
  for (const time of axis.times) {
    const x = axis.x(time);
    marks.push(html`<line class="tick" x1="${tidy(x)}" x2="${tidy(x)}" y1="${top}" y2="${bottom + 4}"/>`);
    const label = `${(time / 1e9).toFixed(4)} s`;
    const half = (label.length * characterWidth) / 2;
    if (x - half < free || x + half > width) continue;
    free = x + half + 10;
    marks.push(
      html`<text class="time" x="${tidy(x)}" y="${bottom + 18}" text-anchor="middle">${label}</text>`,
    );
  }
  return marks;
}

function tidy(n: number): number {
  return Math.round(n * 100) / 100;
}
