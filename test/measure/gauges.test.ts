import { expect, test } from 'vitest';
import type { DatabaseSample } from '../../harness/database/database-series.ts';
import { gauges } from '../../harness/measure/gauges.ts';
import { cpuOfStat, memoryOfStatus, usageOf } from '../../harness/process/usage.ts';
import type { ProcessReading } from '../../harness/readings.ts';

const buckets = { bucketMs: 250, count: 8 };
const load = { loadFromNs: 0, loadToNs: 2e9 };
const reading = (pid: number, ms: number, cpuMs: number, mebibytes: number): ProcessReading => ({
  process: 's1',
  pid,
  atNs: ms * 1e6,
  cpuMicros: cpuMs * 1_000,
  memoryBytes: mebibytes * 2 ** 20,
});
const of = (told: ReturnType<typeof gauges>, what: string) => told.find((one) => one.what === what)?.values;

test('CPU is what was used between two readings, memory what was read or lies between', () => {
  const processes = [reading(7, -100, 0, 10), reading(7, 400, 250, 20), reading(7, 900, 250, 30)];
  const told = gauges({ readings: { processes, queues: [] } }, buckets, load);
  expect(of(told, 'cpuCores')).toEqual([0.5, 0.5, 0, 0, null, null, null, null]);
  expect(of(told, 'memoryMiB')).toEqual([14.5, 20, 24.5, 30, null, null, null, null]);
});

test('between the end of a process and the next of its name there is nothing, nor across a long silence', () => {
  const killed = [
    reading(7, 0, 0, 10),
    reading(7, 500, 100, 10),
    reading(8, 1_500, 10, 5),
    reading(8, 2_000, 20, 5),
  ];
  expect(of(gauges({ readings: { processes: killed, queues: [] } }, buckets, load), 'cpuCores')).toEqual([
    0.2,
    0.2,
    null,
    null,
    null,
    null,
    0.02,
    0.02,
  ]);
  const silent = [reading(7, -2_000, 0, 10), reading(7, 500, 100, 10)];
  expect(
    of(gauges({ readings: { processes: silent, queues: [] } }, buckets, load), 'cpuCores'),
  ).toBeUndefined();
});

test('of a queue the highest reading of a bucket is told', () => {
  const queues = [0, 9, 100, 3].map((writes, i) => ({ instance: 's2', atNs: i * 100e6, writes }));
  expect(of(gauges({ readings: { processes: [], queues } }, buckets, load), 'queuedWrites')).toEqual([
    100,
    3,
    ...new Array<null>(6).fill(null),
  ]);
});

test('the lag of a replica is told in time and bytes, and not while either server is silent', () => {
  const sample = (ms: number, lag: { ms: number; bytes: number } | null): DatabaseSample => ({
    atNs: ms * 1e6,
    primary: null,
    replica: null,
    replayLag: lag,
  });
  const samples = [
    sample(0, { ms: 0, bytes: 0 }),
    sample(200, { ms: 40, bytes: 8_192 }),
    sample(400, null),
    sample(1_600, { ms: 1_200, bytes: 90_000 }),
  ];
  const told = gauges({ database: { samples, hasReplica: true, queriesCounted: true } }, buckets, load);
  expect(of(told, 'replayLagMs')).toEqual([40, null, null, null, null, null, 1_200, null]);
  expect(of(told, 'replayLagBytes')).toEqual([8_192, null, null, null, null, null, 90_000, null]);
});

test('/proc is read past names with brackets; a zombie holds no memory', () => {
  const stat = '42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 7 3 20 10 20 0 1 0 99 1000 50';
  expect(cpuOfStat(stat)).toEqual({ cpuMicros: 100_000, endedChildrenMicros: 300_000 });
  expect(cpuOfStat('')).toBeNull();
  const status = 'Name:\tx\nVmRSS:\t 30 kB\nRssAnon:\t 10 kB\nRssFile:\t 16 kB\nRssShmem:\t 4 kB\n';
  expect(memoryOfStatus(status)).toEqual({ aloneBytes: 10_240, sharedBytes: 20_480 });
  expect(memoryOfStatus('Name:\tx\nState:\tZ (zombie)\n')).toBeNull();
});

test.skipIf(process.platform !== 'linux')('of this very process something is told, of none nothing', () => {
  const usage = usageOf(process.pid);
  expect(usage!.cpuMicros).toBeGreaterThan(0);
  expect(usage!.memoryBytes).toBeGreaterThan(10 * 2 ** 20);
  expect(usage!.memoryBytes).toBeLessThan(64 * 2 ** 30);
  expect(usageOf(2 ** 30)).toBeNull();
});
