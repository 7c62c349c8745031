import { describe, expect, test } from 'vitest';
import { duration, figure, measuredShare, moment, share, valueText } from '../../reports/figures.ts';
import { fixture } from './fixture.ts';

test.each([
  [0, '0'],
  [0.00412, '0.004'],
  [0.42, '0.42'],
  [4.23, '4.2'],
  [9.96, '10'],
  [42.4, '42'],
  [12_345.6, '12,346'],
  [null, '–'],
  [Number.NaN, '–'],
])('the figure %s is told as %s', (n, text) => expect(figure(n)).toBe(text));

test.each([
  [0.4, '0.40 ms'],
  [840, '840 ms'],
  [999.6, '1.00 s'],
  [1_240, '1.24 s'],
  [99_960, '1 min 40 s'],
  [192_000, '3 min 12 s'],
  [null, '–'],
])('%s ms last %s', (ms, text) => expect(duration(ms)).toBe(text));

// A share of all but one is not all: it is cut, never rounded up.
test.each([
  [1, '100 %'],
  [0.9999999, '99.9 %'],
  [0.8676, '86.7 %'],
  [0.001, '0.1 %'],
  [0.0001, '<0.1 %'],
  [0, '0 %'],
  [null, '–'],
])('the share %s is told as %s', (part, text) => expect(share(part)).toBe(text));

test('open to the end', () => expect(moment(Number.POSITIVE_INFINITY)).toBe('the end'));

test.each([
  [null, 'nil'],
  [undefined, '?'],
  [12, '12'],
  ['on', 'on'],
  [{ a: 1 }, '{"a":1}'],
  ['x'.repeat(30), `${'x'.repeat(23)}…`],
])('the value %j is told as %s', (value, text) => expect(valueText(value)).toBe(text));

describe('how much of the time was measured load', () => {
  const { manifest, cells } = fixture();
  const times = { startedAt: '2026-11-22T10:00:00.000Z', finishedAt: '2026-11-22T10:01:00.000Z' };
  const spent = (measuredMs: number) => ({ ...cells[0]!, spent: { measuredMs, steps: [] } });
  const { machine } = manifest;

  test('is of all cells, by the time of the run', () => {
    const told = { manifest: { ...manifest, ...times }, cells: [spent(12_000), spent(30_000)] };
    expect(measuredShare(told)).toBe('measured load 42.0 s of 60.0 s (70.0 %)');
  });

  test('of shards the times are put together, whenever they were', () => {
    const shards = [1, 2].map((shard) => ({ shard, ...times, machine }));
    const matrix = { cells: [], of: 2, configuration: '', shards };
    const told = { manifest: { ...manifest, ...times, matrix }, cells: [spent(60_000)] };
    expect(measuredShare(told)).toBe('measured load 60.0 s of 2 min 0 s (50.0 %)');
  });

  test('is not told where no cell tells', () => {
    expect(measuredShare({ manifest, cells })).toBe(undefined);
  });
});
