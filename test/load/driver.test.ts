import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { convergence } from '../../harness/checker/convergence.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { readHistory } from '../../harness/history/read-history.ts';
import { type DriverStats, startDriver } from '../../harness/load/driver.ts';
import type { ToWorker } from '../../harness/load/messages.ts';
import { operations } from '../../harness/load/operations.ts';
import type { Workload } from '../../harness/load/workload.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { createSupervisor, type ManagedProcess, type Supervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';
import { latencyFromDueMs, latencyFromSendMs, misattributed, type Pair, readPairs } from './history-lines.ts';
import { startRegisterServer } from './register-server.ts';

const base: Workload = {
  keys: 50,
  keyDistribution: { kind: 'zipf', theta: 0.99 },
  mix: { 'read:linearizable': 45, 'read:session': 5, write: 30, cas: 15, delete: 5 },
  arrivals: 'poisson',
  deadlineMs: 2_000,
  maxInFlight: 256,
};

let supervisor: Supervisor;
beforeAll(async () => {
  supervisor = await createSupervisor();
});
afterAll(() => supervisor[Symbol.asyncDispose]());

/** A server for each name, a driver, and where the history is. */
async function setUp(change: Partial<Workload> = {}, { seed = 1, instances = ['s1'] } = {}) {
  const folder = await supervisor.temporaryFolder('load');
  // One register behind several instances' names: what they share is then linearizable.
  const server = await startRegisterServer(supervisor, join(folder, 'server.log'));
  const workload = { ...base, ...change };
  const historyPath = join(folder, 'history.jsonl');
  const driver = await startDriver({
    supervisor: spying(supervisor),
    targets: instances.map((instance) => ({ instance, url: server.url })),
    workload,
    seed,
    originNs: process.hrtime.bigint(),
    historyPath,
    logPath: join(folder, 'driver.log'),
  });
  return { server, driver, driverProcess: lastSpawned!, workload, historyPath, folder };
}

let lastSpawned: ManagedProcess | undefined;
function spying(inner: Supervisor): Supervisor {
  return {
    ...inner,
    spawn: async (options) => {
      lastSpawned = await inner.spawn(options);
      return lastSpawned;
    },
  };
}

const of = (pairs: readonly Pair[], ...types: string[]) =>
  pairs.filter(({ end }) => types.includes(end!.type));

describe('a run', () => {
  test('offers the planned operations, records each, and tells what became of them', async () => {
    const { driver, historyPath, workload } = await setUp({}, { seed: 9, instances: ['s1', 's2'] });
    const stats: DriverStats[] = [];
    driver.onStats((s) => stats.push(s));
    const warmUp = await driver.run({ ratePerSecond: 400, durationMs: 300 });
    const run = await driver.run({ ratePerSecond: 400, durationMs: 1_000 });
    await driver[Symbol.asyncDispose]();

    expect(run).toMatchObject({ sent: run.offered, ok: run.offered, fail: 0, info: 0, dropped: 0 });
    expect(run.offered).toBeGreaterThan(300);
    expect(run.offered).toBeLessThan(500);
    expect(run.toNs - run.fromNs).toBe(1e9);
    expect(run.fromNs).toBeGreaterThanOrEqual(warmUp.toNs);
    expect(stats.length).toBeGreaterThan(1);
    // What is told beside the counts while it goes on.
    const p99s = stats.flatMap(({ p99Ms }) => p99Ms ?? []);
    expect(p99s.length).toBeGreaterThan(0);
    for (const p99Ms of p99s) expect(p99Ms).toBeGreaterThan(0);

    const pairs = await readPairs(historyPath);
    expect(pairs.length).toBe(warmUp.offered + run.offered);
    expect(pairs.every(({ end }) => end?.type === 'ok')).toBe(true);
    expect(misattributed(pairs)).toEqual([]);

    // The history is the plan, warm-up and run in one stream; only a cas may have become a read.
    const stream = operations(workload, 9);
    for (const { invoke } of pairs) {
      const planned = stream.next().value;
      expect(invoke.key).toBe(planned.key);
      if (planned.kind !== 'cas') expect(invoke.f).toBe(planned.kind.split(':')[0]);
      else if (invoke.f === 'read') expect(invoke.grade).toBe('linearizable');
      else expect([invoke.f, (invoke.value as unknown[])[1]]).toEqual(['cas', planned.value]);
    }
    const written = pairs.filter((p) => p.invoke.f === 'write').map((p) => p.invoke.value);
    expect(new Set(written).size).toBe(written.length);
    // Each process stays with its instance.
    const instanceOf = new Map<number, Set<string>>();
    for (const { invoke } of pairs) {
      const seen = instanceOf.get(invoke.process) ?? new Set();
      instanceOf.set(invoke.process, seen.add(invoke.instance!));
    }
    expect([...instanceOf.values()].every((seen) => seen.size === 1)).toBe(true);
    expect(new Set(pairs.map((p) => p.invoke.instance))).toEqual(new Set(['s1', 's2']));
  });

  test('the same seed asks the same of the same instances at the same times, in two runs of two drivers', async () => {
    // A cas names what its process has read, which no seed decides.
    const change = { mix: { 'read:session': 40, write: 40, delete: 20 }, deadlineMs: 20_000 } as const;
    const asked = async (seed: number) => {
      const { driver, historyPath } = await setUp(change, { seed, instances: ['s1', 's2'] });
      const { fromNs } = await driver.run({ ratePerSecond: 300, durationMs: 1_000 });
      await driver[Symbol.asyncDispose]();
      const pairs = await readPairs(historyPath);
      return pairs.map(({ invoke: { f, key, value, grade, instance, due } }) =>
        JSON.stringify({ f, key, value, grade, instance, dueUs: Math.round((due! - fromNs) / 1e3) }),
      );
    };
    const [first, again, other] = [await asked(12), await asked(12), await asked(13)];
    expect(first.length).toBeGreaterThan(200);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('a cas compares on the revision of the value that it names', async () => {
    // Time enough for every answer on any machine: what is not answered has no place in the order.
    const { driver, historyPath } = await setUp({
      ...{ keys: 5, mix: { cas: 70, write: 10, delete: 20 } },
      deadlineMs: 20_000,
    });
    await driver.run({ ratePerSecond: 500, durationMs: 1_000 });
    await driver[Symbol.asyncDispose]();
    const pairs = await readPairs(historyPath);
    expect(pairs.every(({ end }) => end!.type === 'ok')).toBe(true);
    // What the register itself held, by replaying the effects in the order of their revisions.
    const effects = pairs
      .filter(({ invoke, end }) => invoke.f !== 'read' && end!.swapped !== false)
      .sort((a, b) => a.end!.revision! - b.end!.revision!);
    const state = new Map<string, unknown>();
    let swaps = 0;
    for (const { invoke } of effects) {
      if (invoke.f === 'cas') {
        const [from, to] = invoke.value as [unknown, unknown];
        expect(state.get(invoke.key) ?? null).toBe(from);
        state.set(invoke.key, to);
        swaps += 1;
      } else state.set(invoke.key, invoke.value);
    }
    // Few where answers are late, since most compares are then made with what has been overwritten.
    expect(swaps).toBeGreaterThan(5);
    expect(effects.some((p) => p.invoke.f === 'cas' && (p.invoke.value as unknown[])[0] === null)).toBe(true);
    const lostCompares = pairs.filter((p) => p.end!.swapped === false);
    for (const { end } of lostCompares) expect(end!.type).toBe('ok');
  });

  test('final reads ask every written key of each grade on every instance', async () => {
    const { driver, historyPath } = await setUp({ mix: { write: 1 } }, { instances: ['s1', 's2'] });
    await driver.run({ ratePerSecond: 200, durationMs: 500 });
    await driver.finalReads({ grades: ['linearizable', 'eventual'] });
    await driver[Symbol.asyncDispose]();
    const pairs = await readPairs(historyPath);
    const written = new Set(pairs.filter((p) => p.invoke.f === 'write').map((p) => p.invoke.key));
    // What is written here is what the checkers read.
    const history = await readHistory(historyPath);
    expect(history.operations.length).toBe(pairs.length);
    expect(history.operations.filter((o) => o.final).length).toBe(written.size * 4);
    expect(history.notes).toEqual([]);
    const finals = pairs.filter((p) => p.invoke.final);
    const asked = finals.map(({ invoke }) => `${invoke.instance} ${invoke.grade} ${invoke.key}`);
    const expected = ['s1', 's2'].flatMap((s) =>
      ['linearizable', 'eventual'].flatMap((grade) => [...written].map((key) => `${s} ${grade} ${key}`)),
    );
    expect(asked.sort()).toEqual(expected.sort());
    expect(finals.every(({ end }) => end!.type === 'ok')).toBe(true);
  });

  test('stop ends it early', async () => {
    const { driver } = await setUp();
    const run = driver.run({ ratePerSecond: 100, durationMs: 60_000 });
    await delay(300);
    driver.stop();
    const { fromNs, toNs, offered } = await run;
    expect(toNs - fromNs).toBeLessThan(20e9);
    expect(offered).toBeLessThan(2_000);
    await driver[Symbol.asyncDispose]();
  });
});

describe('open loop', () => {
  test('a stall of 300 ms shows in the latency of everything that was due in it', async () => {
    const { driver, server, historyPath } = await setUp({
      arrivals: 'constant',
      mix: { 'read:linearizable': 1 },
    });
    await driver.run({ ratePerSecond: 200, durationMs: 300 });
    const running = driver.run({ ratePerSecond: 200, durationMs: 1_500 });
    await delay(500);
    server.stall(300);
    const run = await running;
    await driver[Symbol.asyncDispose]();
    const pairs = (await readPairs(historyPath)).filter(({ invoke }) => invoke.due! >= run.fromNs);
    // Nothing was held back: as many as were due, evenly.
    expect(run).toMatchObject({ offered: 300, sent: 300, ok: 300 });
    // 60 were due during the stall, and their waits are spread evenly over 0 to 300 ms. A closed loop would show
    // the stall once for each connection.
    const slow = pairs.filter((pair) => latencyFromDueMs(pair) > 100);
    expect(slow.length).toBeGreaterThan(25);
    expect(Math.max(...pairs.map(latencyFromDueMs))).toBeGreaterThan(280);
    // The driver sent them on time, stalled server or not.
    const late = pairs.filter(({ invoke }) => invoke.time - invoke.due! > 50e6);
    expect(late.length).toBeLessThan(slow.length / 2);
    for (const pair of pairs) expect(latencyFromSendMs(pair)).toBeLessThanOrEqual(latencyFromDueMs(pair));
  });

  test('what is due beyond maxInFlight is dropped and counted', async () => {
    const { driver, server, historyPath } = await setUp({ maxInFlight: 4, deadlineMs: 600 });
    server.behave({ silent: true });
    const run = await driver.run({ ratePerSecond: 200, durationMs: 500 });
    await driver[Symbol.asyncDispose]();
    expect(run.offered).toBe(run.sent + run.dropped);
    expect(run.sent).toBe(4);
    expect((await readPairs(historyPath)).length).toBe(4);
  });
});

describe('what goes wrong', () => {
  test('a driver that was held up says so: what is overdue is dropped, and the lag tells', async () => {
    const { driver, driverProcess } = await setUp({ deadlineMs: 300, arrivals: 'constant' });
    const running = driver.run({ ratePerSecond: 100, durationMs: 2_000 });
    await delay(400);
    driverProcess.signal('SIGSTOP');
    await delay(1_000);
    driverProcess.signal('SIGCONT');
    const run = await running;
    await driver[Symbol.asyncDispose]();
    expect(run).toMatchObject({ offered: 200, sent: 200 - run.dropped });
    // 100 were due meanwhile, 30 of them within the last 300 ms.
    expect(run.dropped).toBeGreaterThan(40);
    expect(run.dropped).toBeLessThan(140);
    expect(run.sendLagMs.max).toBeGreaterThan(800);
    expect(run.sendLagMs.p99).toBeGreaterThan(300);
  });

  test('a deadline ends a write as info and its process for good, a read as fail', async () => {
    const { driver, server, historyPath } = await setUp({ deadlineMs: 150 });
    server.behave({ silent: true });
    await driver.run({ ratePerSecond: 100, durationMs: 500 });
    server.behave({ silent: false });
    const after = await driver.run({ ratePerSecond: 100, durationMs: 500 });
    await driver[Symbol.asyncDispose]();
    // readPairs throws when a number is used again after an info.
    const pairs = await readPairs(historyPath);
    const silent = pairs.filter(({ invoke }) => invoke.time < after.fromNs);
    expect(silent.length).toBeGreaterThan(20);
    for (const pair of silent) {
      expect(pair.end).toMatchObject({ type: pair.invoke.f === 'read' ? 'fail' : 'info', error: 'deadline' });
      expect(latencyFromSendMs(pair)).toBeGreaterThanOrEqual(150);
      // Far from forever: a machine that stalls lets a timer fire late.
      expect(latencyFromSendMs(pair)).toBeLessThan(5_000);
    }
    // Numbers that are still there, and new ones, go on; all but those that a stalled machine keeps over their deadline.
    expect(after.ok).toBeGreaterThan(after.offered / 2);
    expect(after.ok + after.dropped + after.fail + after.info).toBe(after.offered);
  });

  test('killed sockets end as info, none reaches another request, none is sent again', async () => {
    const { driver, server, historyPath } = await setUp();
    server.behave({ killEvery: 37 });
    const run = await driver.run({ ratePerSecond: 1_000, durationMs: 2_000 });
    server.behave({ killEvery: 0 });
    await driver.finalReads({ grades: ['linearizable'] });
    await driver[Symbol.asyncDispose]();
    const pairs = await readPairs(historyPath);
    const unanswered = of(pairs, 'info', 'fail').filter(({ invoke }) => !invoke.final);
    // On a machine that stalls some end with their deadline, whatever became of them at the server.
    const late = unanswered.filter(({ end }) => end!.error === 'deadline');
    const killed = unanswered.filter((pair) => !late.includes(pair));
    // Were a request sent again, the server would have counted (and killed) more than one in 37 of the sent.
    expect(killed.length).toBeLessThanOrEqual(Math.floor(run.sent / 37));
    expect(killed.length + late.length).toBeGreaterThanOrEqual(Math.floor(run.sent / 37));
    expect(killed.length).toBeGreaterThan(0);
    expect(killed.every(({ invoke, end }) => end!.type === (invoke.f === 'read' ? 'fail' : 'info'))).toBe(
      true,
    );
    expect(killed.every(({ end }) => /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/.test(end!.error!))).toBe(true);
    expect(misattributed(pairs)).toEqual([]);
  });

  test('a refused connection is a fail: nothing was sent', async () => {
    const folder = await supervisor.temporaryFolder('load');
    const historyPath = join(folder, 'history.jsonl');
    const driver = await startDriver({
      supervisor,
      targets: [{ instance: 's1', url: `http://127.0.0.1:${await freePort()}` }],
      workload: base,
      seed: 1,
      originNs: process.hrtime.bigint(),
      historyPath,
      logPath: join(folder, 'driver.log'),
    });
    const run = await driver.run({ ratePerSecond: 100, durationMs: 300 });
    await driver[Symbol.asyncDispose]();
    expect(run).toMatchObject({ ok: 0, fail: run.sent, info: 0 });
    const pairs = await readPairs(historyPath);
    expect(new Set(pairs.map(({ end }) => end!.error))).toEqual(new Set(['ECONNREFUSED']));
  });

  test.each([
    [{ status: 503, outcome: 'fail' as const }, 'fail'],
    [{ status: 503, outcome: 'info' as const }, 'info'],
    [{ status: 503 }, 'info'],
    [{ status: 504 }, 'info'],
    [{ status: 400 }, 'fail'],
  ])('a write answered %o is a %s', async (refuseWrites, outcome) => {
    const { driver, server, historyPath } = await setUp({ mix: { write: 1, delete: 1 } });
    server.behave({ refuseWrites });
    await driver.run({ ratePerSecond: 100, durationMs: 200 });
    await driver[Symbol.asyncDispose]();
    const ends = (await readPairs(historyPath)).map(({ end }) => [end!.type, end!.error]);
    expect(ends.length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toEqual([outcome, String(refuseWrites.status)]);
  });

  test('final reads that failed are asked again, each time as an operation of its own', async () => {
    const { driver, server, historyPath } = await setUp({ keys: 3, mix: { write: 1 }, deadlineMs: 200 });
    await driver.run({ ratePerSecond: 100, durationMs: 200 });
    server.behave({ silent: true });
    const finals = driver.finalReads({ grades: ['linearizable'] });
    await delay(300);
    server.behave({ silent: false });
    await finals;
    await driver[Symbol.asyncDispose]();
    const pairs = (await readPairs(historyPath)).filter(({ invoke }) => invoke.final);
    const failed = of(pairs, 'fail');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ end }) => end!.error === 'deadline')).toBe(true);
    expect(new Set(of(pairs, 'ok').map((p) => p.invoke.key))).toEqual(
      new Set(failed.map((p) => p.invoke.key)),
    );
  });
});

describe('writes that were given up and arrive late', () => {
  test('are applied by a service that was paused, when it goes on, and the history allows for it', async () => {
    const { driver, server, historyPath } = await setUp({ keys: 3, mix: { write: 1 }, deadlineMs: 150 });
    server.process.signal('SIGSTOP');
    const paused = await driver.run({ ratePerSecond: 60, durationMs: 500 });
    expect(paused).toMatchObject({ ok: 0, fail: 0, info: paused.sent });
    server.process.signal('SIGCONT');
    await driver.finalReads({ grades: ['linearizable'] });
    await driver[Symbol.asyncDispose]();
    const history = await readHistory(historyPath);
    const given = new Set(history.operations.filter((o) => o.f === 'write').map((o) => o.value));
    const shown = history.operations.filter((o) => o.final && o.outcome === 'ok').map((o) => o.value);
    // What nobody waited for any more has happened: `fail` would have been wrong of it.
    expect(shown.some((value) => given.has(value))).toBe(true);
    const budget = { timeMs: 5_000, maxMemoEntries: 100_000 };
    expect(linearizability().check(history, budget).valid).not.toBe(false);
  });

  test('between the final reads: these are repeated until all agree', async () => {
    const { driver, server, historyPath } = await setUp(
      { keys: 1, mix: { write: 1 } },
      { instances: ['s1', 's2'] },
    );
    await driver.run({ ratePerSecond: 40, durationMs: 300 });
    // Every second read shows the value before: the instances seem to differ.
    server.behave({ staleEvery: 2 });
    const finals = driver.finalReads({ grades: ['linearizable', 'eventual'] });
    await delay(400);
    server.behave({ staleEvery: 0 });
    await finals;
    await driver[Symbol.asyncDispose]();
    const history = await readHistory(historyPath);
    expect(history.operations.filter((o) => o.final).length).toBeGreaterThan(4);
    expect(convergence.check(history, defaultBudget)).toMatchObject({ valid: true });
  });

  test('are not waited for without end: who goes on to differ has not converged', async () => {
    const { driver, server, historyPath } = await setUp(
      { keys: 1, mix: { write: 1 } },
      { instances: ['s1', 's2'] },
    );
    await driver.run({ ratePerSecond: 40, durationMs: 300 });
    server.behave({ staleEvery: 2 });
    await driver.finalReads({ grades: ['linearizable', 'eventual'], settleMs: 300 });
    await driver[Symbol.asyncDispose]();
    expect(convergence.check(await readHistory(historyPath), defaultBudget)).toMatchObject({ valid: false });
  });
});

test('final reads end, also when an instance never answers', async () => {
  const { driver, server, historyPath } = await setUp({ mix: { write: 1 }, deadlineMs: 200, maxInFlight: 4 });
  await driver.run({ ratePerSecond: 200, durationMs: 300 });
  server.behave({ silent: true });
  const fromMs = performance.now();
  await driver.finalReads({ grades: ['linearizable'], limitMs: 500 });
  expect(performance.now() - fromMs).toBeLessThan(3_000);
  await driver[Symbol.asyncDispose]();
  const finals = (await readPairs(historyPath)).filter(({ invoke }) => invoke.final);
  // Four at a time for 200 ms each, three times at most.
  expect(finals.length).toBeGreaterThan(0);
  expect(finals.length).toBeLessThanOrEqual(16);
});

describe('the end of the driver', () => {
  test('SIGTERM in the middle leaves a whole history, with what was in flight as lost', async () => {
    const { driver, server, driverProcess, historyPath } = await setUp();
    const run = driver.run({ ratePerSecond: 300, durationMs: 60_000 });
    run.catch(() => {});
    await delay(500);
    server.behave({ silent: true });
    await delay(100);
    driverProcess.signal('SIGTERM');
    await driverProcess.exited;
    const pairs = await readPairs(historyPath);
    expect(pairs.every(({ end }) => end !== undefined)).toBe(true);
    const lost = pairs.filter(({ end }) => end!.error === 'driver-stopped');
    expect(lost.length).toBeGreaterThan(5);
    expect(of(lost, 'info').length).toBeGreaterThan(0);
    expect(of(lost, 'info').every(({ invoke }) => invoke.f !== 'read')).toBe(true);
    // On a busy machine some still waited for their connection: those were not sent, and did not happen.
    server.behave({ silent: false });
    await delay(100);
    for (const { invoke } of of(lost, 'fail').filter((p) => p.invoke.f === 'write')) {
      const { body } = await request(`${server.url}/kv/${invoke.key}`);
      expect(((await body.json()) as { value?: unknown }).value).not.toBe(invoke.value);
    }
    const open = (await readHistory(historyPath)).operations.filter((o) => o.outcome === 'info');
    expect(open.length).toBe(lost.filter(({ end }) => end!.type === 'info').length);
    for (const o of open) expect(o.returnNs).toBe(Number.POSITIVE_INFINITY);
    await run.catch(() => {});
    await driver[Symbol.asyncDispose]();
  });

  test('SIGKILL loses at most the last batch, and the run says that the driver ended', async () => {
    const { driver, driverProcess, historyPath } = await setUp();
    const run = driver.run({ ratePerSecond: 300, durationMs: 60_000 });
    const problem = run.then(
      () => 'resolved',
      (error: Error) => error.message,
    );
    await delay(1_000);
    driverProcess.signal('SIGKILL');
    await driverProcess.exited;
    expect(await problem).toMatch(/the driver ended \(code null, signal SIGKILL\) before it had answered/);
    const lines = (await readFile(historyPath, 'utf8')).split('\n');
    expect(lines.length).toBeGreaterThan(2 * 300 * 0.3);
    for (const line of lines.slice(0, -1)) JSON.parse(line);
    await driver[Symbol.asyncDispose]();
  });

  test('it goes by itself when the command is gone, and saves what it has', async () => {
    const { server, driver, folder } = await setUp();
    const historyPath = join(folder, 'other.jsonl');
    const child = fork(builtProgram('harness/load/main.ts'), { stdio: 'ignore' });
    await once(child, 'message');
    const tell = (message: ToWorker) => child.send(message);
    const targets = [{ instance: 's1', url: server.url }];
    const open = { targets, workload: base, seed: 1, originNs: String(process.hrtime.bigint()), historyPath };
    tell({ id: 1, type: 'open', open });
    await once(child, 'message');
    tell({ id: 2, type: 'run', ratePerSecond: 200, durationMs: 60_000 });
    await delay(500);
    const exit = once(child, 'exit');
    child.disconnect();
    expect(await exit).toEqual([0, null]);
    expect((await readPairs(historyPath)).length).toBeGreaterThan(20);
    await driver[Symbol.asyncDispose]();
  });

  test('a history that cannot be written ends the start with the reason', async () => {
    const folder = await supervisor.temporaryFolder('load');
    const start = startDriver({
      supervisor,
      targets: [{ instance: 's1', url: 'http://127.0.0.1:1' }],
      workload: base,
      seed: 1,
      originNs: 0n,
      historyPath: join(folder, 'missing', 'history.jsonl'),
      logPath: join(folder, 'driver.log'),
    });
    await expect(start).rejects.toThrow(/ENOENT.*missing/);
  });

  test('a workload that cannot be offered is refused before anything is started', async () => {
    const start = startDriver({
      supervisor,
      targets: [{ instance: 's1', url: 'http://127.0.0.1:1' }],
      workload: { ...base, keys: 0 },
      seed: 1,
      originNs: 0n,
      historyPath: '/nonexistent',
      logPath: '/nonexistent',
    });
    await expect(start).rejects.toThrow(RangeError);
  });

  test('runs do not overlap, and a rate of nothing is refused', async () => {
    const { driver } = await setUp();
    const first = driver.run({ ratePerSecond: 10, durationMs: 300 });
    await expect(driver.run({ ratePerSecond: 10, durationMs: 300 })).rejects.toThrow('already offers load');
    await first;
    await expect(driver.run({ ratePerSecond: 0, durationMs: 300 })).rejects.toThrow('ratePerSecond');
    await expect(driver.run({ ratePerSecond: 10, durationMs: -1 })).rejects.toThrow('durationMs');
    await driver[Symbol.asyncDispose]();
  });
});
