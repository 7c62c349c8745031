import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import type { Database } from '../../harness/database/database.ts';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { createSupervisor, type ManagedProcess, type Supervisor } from '../../harness/process/supervisor.ts';
import { type Instance, startInstance } from '../../harness/service/instance.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';

/** The Ground is what a strategy stands on in these tests: one real etcd process and, if asked for, a real database. */
export interface Ground extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly folder: string;
  /** '127.0.0.1:port' of the etcd. */
  readonly etcd: string;
  readonly database: Database | undefined;
  startInstance(options: {
    name: string;
    strategy: StrategyDescription;
    etcd?: string;
    dataFolder?: string;
    replica?: boolean;
    primaryUrl?: string;
    replicaUrl?: string;
  }): Promise<Instance>;
}

export async function prepareGround(options: { database: boolean }): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'strategies-test-'));
  const supervisor = await createSupervisor();
  const [etcd, database] = await Promise.all([
    startEtcd(supervisor, folder),
    options.database ? startLocalDatabase({ supervisor, folder, replica: true }) : undefined,
  ]);
  return {
    supervisor,
    folder,
    etcd: etcd.address,
    database,
    startInstance({ name, strategy, dataFolder, ...given }) {
      return startInstance({
        supervisor,
        name,
        strategy,
        etcd: [{ member: 'm1', address: given.etcd ?? etcd.address }],
        primaryUrl: given.primaryUrl ?? database?.primary.url ?? 'postgres://127.0.0.1:1/none',
        replicaUrl: given.replica === false ? undefined : (given.replicaUrl ?? database?.replica?.url),
        dataFolder: dataFolder ?? join(folder, name),
        logPath: join(folder, `${name}.log`),
        timeScale: 0.2,
        seed: 1,
      });
    },
    async [Symbol.asyncDispose]() {
      await database?.[Symbol.asyncDispose]();
      await supervisor[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startEtcd(
  supervisor: Supervisor,
  folder: string,
): Promise<{ address: string; process: ManagedProcess }> {
  const { path } = await ensureEtcd();
  const [client, peer] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${client}`;
  const process = await supervisor.spawn({
    name: 'm1',
    command: path,
    args: [
      ...['--name', 'm1', '--data-dir', join(await supervisor.temporaryFolder('m1'), 'data')],
      ...['--listen-client-urls', `http://${address}`, '--advertise-client-urls', `http://${address}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-cluster', `m1=http://127.0.0.1:${peer}`],
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
    ],
    logPath: join(folder, 'm1.log'),
  });
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    const health = await request(`http://${address}/health`).catch(() => undefined);
    if ((await health?.body.text())?.includes('true')) return { address, process };
    await sleep(50);
  }
  throw new Error(
    `etcd did not become ready in 15000 ms; its last output was: ${await process.lastOutput()}`,
  );
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Asks an instance; anything but JSON in the answer is an error. */
export async function ask(
  instance: { readonly url: string },
  method: 'GET' | 'PUT' | 'DELETE',
  path: string,
  given: { body?: unknown; sessionToken?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await request(`${instance.url}${path}`, {
    method,
    headers: {
      ...(given.body !== undefined && { 'content-type': 'application/json' }),
      ...(given.sessionToken !== undefined && { 'session-token': given.sessionToken }),
      ...given.headers,
    },
    body: given.body === undefined ? undefined : JSON.stringify(given.body),
  });
  const text = await response.body.text();
  return {
    status: response.statusCode,
    body: JSON.parse(text) as Record<string, unknown>,
    headers: response.headers as Record<string, string | undefined>,
  };
}

/** Waits until it holds, asking a few times a second; fails with what was seen last. */
export async function eventually<T>(
  see: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 5_000,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const seen = await see();
    if (holds(seen)) return seen;
    if (performance.now() > untilMs)
      throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(50);
  }
}

/** One number of /metrics, summed over its labels; `labels` is text that the line must hold. */
export async function metric(instance: { readonly url: string }, name: string, labels = ''): Promise<number> {
  const { body } = await request(`${instance.url}/metrics`);
  return (await body.text())
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(labels) && !line.startsWith('#'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
