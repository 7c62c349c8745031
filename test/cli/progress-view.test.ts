import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type ProgressView, progressView } from '../../harness/cli/progress-view.ts';
import type { DriverStats } from '../../harness/load/driver-summary.ts';
import type { Progress } from '../../harness/progress.ts';

const cell = { scenario: 'steady', strategy: 'lease-session' };

/** What a view writes, and the view. */
function shown(terminal: boolean, columns = 120): { view: ProgressView; text(): string } {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const stream = { isTTY: terminal, columns, write };
  return { view: progressView(stream as unknown as NodeJS.WriteStream), text: () => text };
}

/** A report of the driver at a quarter of a second, whose own rate is that of the quarter. */
function load(
  quarter: number,
  ended: number,
  ofQuarter: number,
  more: Partial<DriverStats> = {},
  of = cell,
): Progress {
  const stats = {
    atNs: quarter * 250e6,
    offeredPerSecond: 0,
    completedPerSecond: ofQuarter * 4,
    inFlight: 3,
    ok: ended,
    fail: 0,
    info: 0,
    dropped: 0,
    p99Ms: 12.4,
    ...more,
  };
  return { type: 'load', cell: of, stats, loadMs: 12_000, elapsedMs: quarter * 250 };
}

/** 200 operations a second that end in bursts: 20, then 80, ... a quarter. */
function burst(view: ProgressView, quarters: number): void {
  let ended = 0;
  for (let quarter = 1; quarter <= quarters; quarter++) {
    const ofQuarter = quarter % 2 === 1 ? 20 : 80;
    ended += ofQuarter;
    view.show(load(quarter, ended, ofQuarter));
  }
}

test('the rate of a plain line is that since the line before, not of its last moment', () => {
  const { view, text } = shown(false);
  view.show({ type: 'cell-started', cell, index: 1, count: 1 });
  burst(view, 40);
  const rates = [...text().matchAll(/([\d.]+)\/12 s · (\d+)\/s/g)].map(([, at, rate]) => [at, Number(rate)]);
  expect(rates.map(([at]) => at)).toEqual(['0.3', '4.3', '8.3']);
  expect(rates.slice(1).map(([, rate]) => rate)).toEqual([200, 200]);
});

test('the living line shows the last rates, so that a stall is seen', () => {
  const { view, text } = shown(true);
  [50, 50, 0, 25].forEach((ofQuarter, i) => {
    view.show(load(i + 1, 100 * (i + 1), ofQuarter));
  });
  expect(text()).toContain(' ██▁▅ ');
  view.show(load(1, 3, 3));
  expect(text().split('\r\x1b[K').at(-1)).toContain('─ 0.3/12 s ·        █ ');
});

/** The living line as it stands, without its colours, which there are in CI too. */
const living = (text: string) => stripVTControlCharacters(text.split('\r\x1b[K').at(-1)!);

test('the living line names the strategy, how far it is, rate and p99 with what they were lately', () => {
  const { view, text } = shown(true);
  [5, 10, null, 20].forEach((p99Ms, i) => {
    view.show(load(i + 1, 50 * (i + 1), 50, { p99Ms }));
  });
  expect(living(text())).toContain(
    '  lease-session ━───────── 1.0/12 s ·     ████ 200/s ·     ▃▅·█ p99 20 ms · in flight 3',
  );
  view.show(load(5, 200, 0, { p99Ms: null, fail: 2, dropped: 7 }));
  expect(living(text())).toContain('▃▅·█· p99 – · fail 2 dropped 7 ·');
});

test('a plain line tells p99 too', () => {
  const { view, text } = shown(false);
  view.show(load(1, 50, 50, { p99Ms: 3.21 }));
  expect(text()).toBe('  0.3/12 s · 200/s · p99 3.2 ms · ok 50 fail 0 info 0 · in flight 3\n');
});

test.each([
  [100, 'lease-session', '████ p99 999 ms · fail 812 info 40 · ⚡ the leader'],
  [100, 'consistency-routing-naive', '⚡ the leader m1'],
  [80, 'write-behind', '⚡ the leader'],
])('in %i columns the line of %s fits, with what failed and the fault', (columns, strategy, fault) => {
  const { view, text } = shown(true, columns);
  const of = { scenario: 'leader-partition', strategy };
  view.show({
    type: 'faults',
    cell: of,
    active: ['the leader m1 was cut off from m2 and m3, both directions'],
  });
  for (let quarter = 1; quarter <= 9; quarter++)
    view.show(load(quarter, 50 * quarter, 50, { fail: 812, info: 40, p99Ms: 998.7 }, of));
  const line = living(text());
  expect(line.length).toBeLessThan(columns);
  expect(line).toContain(strategy);
  expect(line).toMatch(/ 2\.3\/12 s · .*\/s · .*p99 999 ms · fail 812 info 40/);
  expect(line).toContain(fault);
});

test('the living line stays within its columns and is cleared at the end', () => {
  const { view, text } = shown(true);
  burst(view, 8);
  expect(text()).toContain('200/s ·');
  view.show({ type: 'faults', cell, active: ['x'.repeat(300)] });
  view.show(load(9, 420, 20));
  expect(living(text()).length).toBeLessThan(120);
  view.end();
  expect(text().endsWith('\r\x1b[K')).toBe(true);
});
