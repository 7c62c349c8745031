import { expect, test } from 'vitest';
import { type ProgressView, progressView } from '../../harness/cli/progress-view.ts';
import type { Progress } from '../../harness/progress.ts';

const cell = { scenario: 'steady', strategy: 'lease-session' };

/** What a view writes, and the view. */
function shown(terminal: boolean): { view: ProgressView; text(): string } {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const stream = { isTTY: terminal, columns: 120, write };
  return { view: progressView(stream as unknown as NodeJS.WriteStream), text: () => text };
}

/** A report of the driver at a quarter of a second, whose own rate is that of the quarter. */
function load(quarter: number, ended: number, ofQuarter: number): Progress {
  const stats = {
    atNs: quarter * 250e6,
    offeredPerSecond: 0,
    completedPerSecond: ofQuarter * 4,
    inFlight: 3,
    ok: ended,
    fail: 0,
    info: 0,
    dropped: 0,
  };
  return { type: 'load', cell, stats, loadMs: 12_000, elapsedMs: quarter * 250 };
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
  expect(text().split('\r\x1b[K').at(-1)).toContain('─            █ ');
});

test('the living line stays within its columns and is cleared at the end', () => {
  const { view, text } = shown(true);
  burst(view, 8);
  expect(text()).toContain('· 200/s · ok 400 fail 0 info 0 · in flight 3');
  view.show({ type: 'faults', cell, active: ['x'.repeat(300)] });
  view.show(load(9, 420, 20));
  const last = text().split('\r\x1b[K').at(-1)!;
  expect(last.length).toBeLessThan(140);
  view.end();
  expect(text().endsWith('\r\x1b[K')).toBe(true);
});
