import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCputime, parseStat } from '../../harness/load/cpu-time.ts';
import { type SaturateOptions, saturate } from '../../harness/load/saturate.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { misattributed, readPairs } from './history-lines.ts';
import { startRegisterServer } from './register-server.ts';

let supervisor: Supervisor;
beforeAll(async () => {
  supervisor = await createSupervisor();
});
afterAll(() => supervisor[Symbol.asyncDispose]());

async function setUp() {
  const folder = await supervisor.temporaryFolder('saturate');
  const server = await startRegisterServer(supervisor, join(folder, 'server.log'));
  const options: SaturateOptions = {
    supervisor,
    target: { instance: 's1', url: server.url, pid: server.pid },
    connections: [4],
    seconds: 1,
    workload: {
      keys: 50,
      keyDistribution: { kind: 'zipf', theta: 0.99 },
      mix: { 'read:linearizable': 50, write: 30, cas: 15, delete: 5 },
      arrivals: 'poisson',
      deadlineMs: 2_000,
      maxInFlight: 64,
    },
    seed: 1,
    originNs: process.hrtime.bigint(),
    historyPath: join(folder, 'history.jsonl'),
    logPath: join(folder, 'saturate.log'),
  };
  return { server, options };
}

test('measures each number of connections, with all operations in one history', async () => {
  const { options } = await setUp();
  const measured = await saturate({ ...options, connections: [1, 4] });
  const pairs = await readPairs(options.historyPath);
  expect(misattributed(pairs)).toEqual([]);

  expect(measured.map((m) => m.connections)).toEqual([1, 4]);
  for (const m of measured) {
    expect(m).toMatchObject({ lostConnections: 0, outcomes: { fail: 0, info: 0 } });
    // A machine that is slow to begin has less of its second left.
    expect(m.seconds).toBeGreaterThan(0);
    expect(m.requests).toBe(m.outcomes.ok);
    expect(m.latencyMs.count).toBe(m.outcomes.ok);
    expect(m.requestsPerSecond).toBeCloseTo(m.requests / m.seconds);
    // A closed loop: connections = rate x latency (Little), less the client's own time between two requests.
    const busy = (m.requestsPerSecond * m.latencyMs.mean) / 1_000;
    expect(busy).toBeGreaterThan(0.2 * m.connections);
    // Two requests at a time on a connection would be twice as many; a machine that stalls at the end shows a little more than one.
    expect(busy).toBeLessThanOrEqual(1.5 * m.connections);
    expect(m.latencyMs.p50).toBeLessThanOrEqual(m.latencyMs.p99);
    if (process.platform === 'linux') {
      expect(m.cpuMicrosPerRequest).toBeGreaterThan(1);
      expect(m.cpuMicrosPerRequest).toBeLessThan(5_000);
    }
  }
  expect(pairs.length).toBeGreaterThan(measured[0]!.requests + measured[1]!.requests);
  // One process a connection; what was cut off at the end is info (or a read that brought nothing).
  expect(new Set(pairs.map((p) => p.invoke.process)).size).toBe(5);
  const leftovers = pairs.filter(({ end }) => end!.type !== 'ok');
  expect(leftovers.length).toBeLessThanOrEqual(5);
  for (const { invoke, end } of leftovers) {
    expect(end).toMatchObject({ type: invoke.f === 'read' ? 'fail' : 'info', error: 'leftover' });
  }
});

describe('what goes wrong', () => {
  test('a lost connection is counted and not used again, nothing is misattributed', async () => {
    const { server, options } = await setUp();
    const running = saturate({ ...options, connections: [6] });
    await delay(800);
    server.behave({ killEvery: 50 });
    const [measured] = await running;
    expect(measured!.lostConnections).toBe(6);
    const pairs = await readPairs(options.historyPath);
    expect(misattributed(pairs)).toEqual([]);
    const lost = pairs.filter(({ end }) => end!.type !== 'ok');
    expect(lost.length).toBe(6);
    for (const { invoke, end } of lost) {
      expect(end).toMatchObject({ type: invoke.f === 'read' ? 'fail' : 'info', error: 'connection-lost' });
    }
  });

  test('an answer info retires the process, not the connection', async () => {
    const { server, options } = await setUp();
    server.behave({ refuseWrites: { status: 503, outcome: 'info' } });
    const workload = { ...options.workload, mix: { write: 1 } };
    const [measured] = await saturate({ ...options, workload, connections: [2], seconds: 0.5 });
    expect(measured).toMatchObject({
      lostConnections: 0,
      outcomes: { ok: 0, fail: 0 },
      latencyMs: { count: 0, p99: 0 },
    });
    expect(measured!.outcomes.info).toBeGreaterThan(10);
    // readPairs throws when a number is used again after an info.
    expect((await readPairs(options.historyPath)).length).toBeGreaterThan(measured!.outcomes.info);
  });

  test('a port that refuses is all connections lost, at once', async () => {
    const { options } = await setUp();
    const target = { ...options.target, url: `http://127.0.0.1:${await freePort()}` };
    const [measured] = await saturate({ ...options, target, connections: [3] });
    expect(measured).toMatchObject({
      lostConnections: 3,
      requests: 0,
      requestsPerSecond: 0,
      cpuMicrosPerRequest: null,
    });
    expect((await readPairs(options.historyPath)).length).toBe(3);
  });

  test.each([
    [{ connections: [0] }, 'connections should be whole numbers from 1 to 1000, got 0'],
    [{ connections: [] }, 'connections should be at least one number'],
    [{ seconds: 0 }, 'seconds should be above 0'],
  ])('%o is refused', async (change, message) => {
    const { options } = await setUp();
    await expect(saturate({ ...options, ...change })).rejects.toThrow(message);
  });
});

test.each([
  ['42 (a (b) c) S 1 42 42 0 -1 4194560 5000 0 0 0 123 45 0 0 20 0 11 0', 1_680_000],
  ['nonsense', null],
])('%s', (stat, micros) => {
  expect(parseStat(stat)).toBe(micros);
});

test.each([
  ['  0:01.25\n', 1_250_000],
  ['12:34.50', 754_500_000],
  ['01:02:03', 3_723_000_000],
  ['2-01:00:00', 176_400_000_000],
  ['', null],
])('cputime %j', (text, micros) => {
  expect(parseCputime(text)).toBe(micros);
});
