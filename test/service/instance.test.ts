import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../../harness/process/process-table.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { InstanceNotReady, type InstanceOptions, startInstance } from '../../harness/service/instance.ts';

let folder: string;
let supervisor: Supervisor;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'instance-test-'));
  supervisor = await createSupervisor();
});
afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Any program can be an instance: here one of a few lines that answers with its own variables. */
function options(code: string, given: Partial<InstanceOptions> = {}): InstanceOptions {
  return {
    supervisor,
    name: 's1',
    strategy: { name: 'test', summary: '', promises: () => [], command: [process.execPath, '-e', code] },
    etcd: [
      { member: 'm1', address: '127.0.0.1:1' },
      { member: 'm2', address: '127.0.0.1:2' },
    ],
    primaryUrl: 'postgres://127.0.0.1:1/none',
    dataFolder: join(folder, 'data'),
    logPath: join(folder, 's1.log'),
    timeScale: 0.5,
    seed: 7,
    ...given,
  };
}
const echo = `
  let asked = 0;
  require('http').createServer((request, response) => {
    // The first answers say that it is not ready yet.
    response.statusCode = request.url === '/healthz' && asked++ < 2 ? 503 : 200;
    response.end(JSON.stringify(process.env));
  }).listen(process.env.FAULTLINE_PORT, '127.0.0.1');`;

function resolvers(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('startInstance', () => {
  test('tells the program everything by variables and resolves when it is ready', async () => {
    const instance = await startInstance(options(echo));
    const told = (await (await fetch(instance.url)).json()) as Record<string, string>;
    expect(told).toMatchObject({
      FAULTLINE_INSTANCE: 's1',
      FAULTLINE_ETCD: 'm1=127.0.0.1:1,m2=127.0.0.1:2',
      FAULTLINE_PRIMARY_URL: 'postgres://127.0.0.1:1/none',
      FAULTLINE_TIME_SCALE: '0.5',
      FAULTLINE_SEED: '7',
    });
    expect(told.FAULTLINE_REPLICA_URL).toBeUndefined();
    await instance.stop();
  });

  test('killed it is gone, restarted it answers at the same address; twice at once it never runs', async () => {
    const instance = await startInstance(options(echo));
    const { pid, url } = instance;
    await expect(instance.restart()).rejects.toThrow(`s1 still runs (pid ${pid})`);
    await instance.kill();
    expect(isAlive(pid)).toBe(false);
    await instance.restart();
    expect(instance.pid).not.toBe(pid);
    expect((await fetch(url)).status).toBe(200);
    await instance.stop();
    expect(isAlive(instance.pid)).toBe(false);
  });

  describe('before what it stands on is ready', () => {
    /** Says that it is loaded, and serves once it may open: by a line, or at once. */
    const patient = `
      const fs = require('fs');
      const folder = process.env.FAULTLINE_DATA;
      const note = (what) => fs.appendFileSync(folder + '/notes', what + '\\n');
      fs.mkdirSync(folder, { recursive: true });
      note(process.env.FAULTLINE_OPEN_ON_LINE ? 'loaded' : 'started');
      const open = (line) => {
        note('opened' + (line ? ' by ' + line : ''));
        ${echo}
      };
      if (process.env.FAULTLINE_OPEN_ON_LINE) process.stdin.once('data', (line) => open(String(line).trim()));
      else open();`;
    const waiting = (name: string, opens: Promise<unknown>, opensOnLine?: true): InstanceOptions => {
      const given = options(patient, { opens, dataFolder: join(folder, name) });
      return { ...given, strategy: { ...given.strategy, ...(opensOnLine && { opensOnLine }) } };
    };
    const notes = (name: string) => readFile(join(folder, name, 'notes'), 'utf8').catch(() => '');

    test('a program that opens on a line loads, and is told to open then; restarted it opens at once', async () => {
      const ground = resolvers();
      const starting = startInstance(waiting('line', ground.promise, true));
      await expect.poll(() => notes('line'), { timeout: 20_000 }).toBe('loaded\n');
      ground.resolve();
      const instance = await starting;
      expect(await notes('line')).toBe('loaded\nopened by open\n');
      await instance.kill();
      await instance.restart();
      expect(await notes('line')).toBe('loaded\nopened by open\nstarted\nopened\n');
      await instance.stop();
    });

    test('another is not started at all', async () => {
      const ground = resolvers();
      const starting = startInstance(waiting('other', ground.promise));
      const processes = supervisor.processes().length;
      await sleep(100);
      expect(supervisor.processes()).toHaveLength(processes);
      ground.resolve();
      const instance = await starting;
      expect(await notes('other')).toBe('started\nopened\n');
      await instance.stop();
    });

    test.each([[true as const], [undefined]])(
      'where it never is, the reason is thrown and nothing runs (opens on a line: %s)',
      async (opensOnLine) => {
        const before = supervisor.processes().length;
        const opens = Promise.reject(new Error('no way through s1->m1'));
        await expect(startInstance(waiting('never', opens, opensOnLine))).rejects.toThrow(
          'no way through s1->m1',
        );
        expect(supervisor.processes()).toHaveLength(before);
        expect(await notes('never')).not.toContain('opened');
      },
    );
  });

  test('paused it does not answer, resumed it does', async () => {
    const instance = await startInstance(options(echo));
    await instance.pause();
    await expect(fetch(instance.url, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    await instance.resume();
    expect((await fetch(instance.url)).status).toBe(200);
    await instance.stop();
  });

  test.each([
    [
      'ends',
      30_000,
      `console.log('no database here'); process.exit(3)`,
      /s1 \(test\) ended with 3; .*\nno database here/,
    ],
    [
      'is never ready',
      // Long enough that the program has said something, on a machine that is slow to start it.
      4_000,
      `console.log('waiting'); setInterval(() => {}, 1000)`,
      /did not become ready in 4000 ms[\s\S]*waiting/,
    ],
  ])(
    'a program that %s is an InstanceNotReady with its last output, and is gone',
    async (_, readyTimeoutMs, code, says) => {
      const logPath = join(folder, `${Math.random()}.log`);
      const error = await startInstance(options(code, { logPath, readyTimeoutMs })).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InstanceNotReady);
      expect((error as Error).message).toMatch(says);
      expect(existsSync(logPath)).toBe(true);
    },
  );
});
