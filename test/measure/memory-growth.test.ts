import { expect, test } from 'vitest';
import { memoryGrowth } from '../../harness/measure/memory-growth.ts';
import type { Gauge } from '../../harness/result.ts';
import { fixture } from '../reports/fixture.ts';

const timeline = { ...fixture().cells[0]!.timeline, bucketMs: 1_000 };
/** 400 s of it. */
const memory = (of: string, at: (second: number) => number | null, seconds = 400): Gauge => ({
  of,
  what: 'memoryMiB',
  values: Array.from({ length: seconds }, (_, second) => at(second)),
});
const sawtooth = (second: number) => 100 + (second % 40);

const table: readonly (readonly [string, readonly Gauge[], number | null])[] = [
  ['nothing was read', [], null],
  ['a steady process', [memory('s1', () => 100)], 1],
  ['one that collects its garbage now and then', [memory('s1', sawtooth)], 1],
  ['one that grows while it warms up', [memory('s1', (second) => Math.min(100, 20 + second))], 1],
  ['one that doubles', [memory('s1', (second) => 100 + second)], 450 / 250],
  ['the worst is told', [memory('s1', () => 100), memory('m1', (second) => (second < 250 ? 100 : 130))], 1.3],
  ['a small one that grows by a few megabytes', [memory('router', (second) => 8 + second / 40)], 1],
  ['what is no memory', [{ ...memory('s1', (second) => second), what: 'queuedWrites' }], null],
  ['the command, which keeps what it sees', [memory('faultline', (second) => second)], null],
  ['gaps', [memory('s1', (second) => (second % 3 === 0 ? null : 100))], 1],
  ['less than five minutes', [memory('s1', (second) => 100 + second, 299)], null],
];
test.each(table)('%s', (_, gauges, growth) => {
  const found = memoryGrowth({ timeline: { ...timeline, gauges } });
  if (growth === null) expect(found).toBe(null);
  else expect(found).toBeCloseTo(growth, 1);
});
