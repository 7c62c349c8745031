import type { Result } from '../../harness/result.ts';
import { renderAll } from '../../reports/render.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { parseResult, stringifyResult } from '../../reports/validate.ts';
import { fixture } from '../reports/fixture.ts';
import type { Bench, BenchRow } from './bench.ts';

/** How long it takes to render 40 cells, of the quick profile and with timelines as long as a nightly run's. */
export const bench: Bench = { name: 'reports', run };

const strategies = ['a', 'b', 'c', 'd', 'e'];
const scenarios = ['s1', 's2', 's3', 's4', 's5', 'steady', 'leader-partition', 'peer-latency'];
const nightlyBuckets = 1_200;

async function run(): Promise<readonly BenchRow[]> {
  const quick = fixture({ strategies, scenarios });
  return [
    ...measured('40 cells, quick', quick, '1 s'),
    ...measured('40 cells, nightly', { ...quick, cells: quick.cells.map(stretched) }),
  ];
}

function measured(what: string, result: Result, target?: string): BenchRow[] {
  const text = stringifyResult(result);
  const rendered = renderAll(result);
  const limit =
    target === undefined
      ? (_: number) => ({})
      : (ms: number) => ({ target: `under ${target}`, met: ms < 1_000 });
  const all = medianMs(() => renderAll(result));
  return [
    { what: `${what}: report.html, report.md, junit.xml`, value: all, unit: 'ms', ...limit(all) },
    { what: `${what}: terminal`, value: medianMs(() => renderTerminal(result)), unit: 'ms' },
    {
      what: `${what}: result.json read and checked`,
      value: medianMs(() => parseResult(text, 'result.json')),
      unit: 'ms',
    },
    {
      what: `${what}: report.html`,
      value: Math.round(Buffer.byteLength(rendered['report.html']!) / 1024),
      unit: 'KiB',
    },
  ];
}

function stretched(cell: Result['cells'][number]): Result['cells'][number] {
  const long = <T>(values: readonly T[]): T[] =>
    values.length === 0 ? [] : Array.from({ length: nightlyBuckets }, (_, i) => values[i % values.length]!);
  const { bucketMs, fromMs, ok, fail, info, p50Ms, p99Ms, hitRate, databaseQps } = cell.timeline;
  return {
    ...cell,
    timeline: {
      bucketMs,
      fromMs,
      ok: long(ok),
      fail: long(fail),
      info: long(info),
      p50Ms: long(p50Ms),
      p99Ms: long(p99Ms),
      hitRate: long(hitRate),
      databaseQps: long(databaseQps),
    },
  };
}

function medianMs(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return Math.round(times.sort((a, b) => a - b)[2]! * 10) / 10;
}
