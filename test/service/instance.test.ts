import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../../harness/process/process-table.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { InstanceNotReady, type InstanceOptions, startInstance } from '../../harness/service/instance.ts';
import { strategies } from '../../strategies/list.ts';
import { serviceConfiguration } from '../../strategies/service/configuration.ts';

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
      `console.log('no database here'); process.exit(3)`,
      /s1 \(test\) ended with 3; .*\nno database here/,
    ],
    [
      'is never ready',
      `console.log('waiting'); setInterval(() => {}, 1000)`,
      /did not become ready in 700 ms[\s\S]*waiting/,
    ],
  ])('a program that %s is an InstanceNotReady with its last output, and is gone', async (_, code, says) => {
    const logPath = join(folder, `${Math.random()}.log`);
    const error = await startInstance(options(code, { logPath, readyTimeoutMs: 700 })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InstanceNotReady);
    expect((error as Error).message).toMatch(says);
    expect(existsSync(logPath)).toBe(true);
  });
});

describe('serviceConfiguration', () => {
  const good = {
    FAULTLINE_STRATEGY: 'lease-session',
    FAULTLINE_INSTANCE: 's1',
    FAULTLINE_PORT: '8080',
    FAULTLINE_ETCD: 'm1=127.0.0.1:2001',
    FAULTLINE_PRIMARY_URL: 'postgres://localhost/x',
    FAULTLINE_DATA: '/tmp/x',
  };
  const known = strategies.map(({ name }) => ({
    name,
    open: () => Promise.reject(new Error('not opened here')),
  }));

  test('reads the variables', () => {
    const { port, context, strategy } = serviceConfiguration(good, known);
    expect([port, strategy.name, context.timeScale]).toEqual([8080, 'lease-session', 1]);
    expect(context.etcd).toEqual([{ member: 'm1', address: '127.0.0.1:2001' }]);
  });

  test.each([
    [{ FAULTLINE_PORT: 'http' }, 'FAULTLINE_PORT should be a number from 1 to 65535, got http'],
    [{ FAULTLINE_ETCD: 'm1' }, 'FAULTLINE_ETCD should read m1=127.0.0.1:2001'],
    [
      { FAULTLINE_STRATEGY: 'lease' },
      'should be one of lease-session, consistency-routing, write-behind, got lease',
    ],
    [{ FAULTLINE_DATA: undefined }, 'FAULTLINE_DATA should be set'],
  ])('%o is refused: %s', (change, says) => {
    expect(() => serviceConfiguration({ ...good, ...change }, known)).toThrow(says);
  });
});
