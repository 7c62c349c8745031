import { expect, test } from 'vitest';
import { judgeThresholds, parseThreshold, threshold } from '../../harness/measure/threshold.ts';
import type { Cell } from '../../harness/result.ts';
import { fixture } from '../reports/fixture.ts';

const cell = fixture().cells[3]!;
const quantiles = (p99: number) => ({ count: 10, mean: 2, p50: 1, p90: 5, p99, max: p99 });
const judged = (text: string, of: Partial<Cell> = {}) => {
  const [verdict] = judgeThresholds([parseThreshold(text)], { ...cell, ...of });
  return [verdict!.state, verdict!.value];
};

test.each([
  ['read.p99<50', { metric: 'read.p99', operator: '<', bound: 50 }],
  [' read.p99{phase:during} <= 1e3 ', { metric: 'read.p99{phase:during}', operator: '<=', bound: 1_000 }],
  ['promises.broken==0', { metric: 'promises.broken', operator: '==', bound: 0 }],
  ['hitRate>0.9', { metric: 'hitRate', operator: '>', bound: 0.9 }],
])('%s', (text, parsed) => expect(parseThreshold(text)).toEqual(parsed));

test.each([
  ['read.p99', /a metric, one of <= >= == != < > and a number/],
  ['read.p99<fast', /one of <= >= == != < > and a number, as in '<50', got '<fast'/],
  ['read.p98<5', /a threshold's metric should be one of .*; got 'read.p98'/],
  ['reads.p99<5', /got 'reads.p99'/],
  ['read.p99{phase:later}<5', /got 'read.p99\{phase:later\}'/],
  ['constructor<5', /got 'constructor'/],
  ['<5', /a metric/],
  ['', /a metric/],
])('%s is refused', (text, message) => {
  expect(() => parseThreshold(text)).toThrow(RangeError);
  expect(() => parseThreshold(text)).toThrow(message);
});

test('in a scenario it is written as in k6', () => {
  expect(threshold('hitRate', '>=0.9')).toEqual({ metric: 'hitRate', operator: '>=', bound: 0.9 });
  expect(() => threshold('hitRate', '0.9')).toThrow(RangeError);
});

test('a latency holds when it does in every phase and of every kind, and the worst is told', () => {
  const operations = [
    { phase: 'before', f: 'read', grade: 'session', fromDueMs: quantiles(10) },
    { phase: 'during', f: 'read', grade: 'eventual', fromDueMs: quantiles(70) },
    { phase: 'during', f: 'write', fromDueMs: quantiles(200) },
    { phase: 'after', f: 'read', fromDueMs: null },
  ].map((row) => ({
    ...row,
    outcomes: { ok: 10, fail: 0, info: 0 },
    fromSendMs: null,
  })) as Cell['operations'];
  expect(judged('read.p99<80', { operations })).toEqual(['kept', 70]);
  expect(judged('read.p99<50', { operations })).toEqual(['broken', 70]);
  expect(judged('read.p99{phase:before}<50', { operations })).toEqual(['kept', 10]);
  expect(judged('read.p99>50', { operations })).toEqual(['broken', 10]);
  expect(judged('cas.p99<50', { operations })).toEqual(['unknown', null]);
});

test('what was not measured is unknown, never held', () => {
  expect(judged('hitRate>=0', { cache: [] })).toEqual(['unknown', null]);
  expect(judged('promises.broken==0', { load: { ...cell.load, offered: 0 } })).toEqual(['unknown', null]);
  expect(judged('recoveryMs<500', { availability: { ...cell.availability, recoveryMs: null } })).toEqual([
    'unknown',
    null,
  ]);
});

test('counts', () => {
  const promises = [
    { ...cell.promises[0]!, state: 'broken' as const, violations: 3 },
    { ...cell.promises[0]!, state: 'unknown' as const },
  ];
  expect(judged('promises.broken==0', { promises })).toEqual(['broken', 1]);
  expect(judged('promises.unknown<=1', { promises })).toEqual(['kept', 1]);
  expect(judged('violations!=3', { promises })).toEqual(['broken', 3]);
  expect(judged('okShare>0.5', { load: { ...cell.load, outcomes: { ok: 1, fail: 1, info: 0 } } })).toEqual([
    'broken',
    0.5,
  ]);
});
