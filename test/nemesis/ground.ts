import { join } from 'node:path';
import { expect } from 'vitest';
import { type Instance, startInstance } from '../../harness/service/instance.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';

/** Three members, and two instances with links to them: what most nemeses can strike. */
export async function startGround(): Promise<TestWorld> {
  const started = await startWorld(3);
  for (const from of ['s1', 's2'])
    for (const { name, clientAddress } of started.cluster.members)
      await started.network.add({ from, to: name, upstream: clientAddress });
  return {
    ...started,
    instances: await Promise.all([startHealthy(started, 's1'), startHealthy(started, 's2')]),
  };
}

/** An instance that says that it is well, and nothing else. */
function startHealthy({ supervisor, folder }: TestWorld, name: string): Promise<Instance> {
  const code = `require('http').createServer((_, response) => response.end()).listen(process.env.FAULTLINE_PORT, '127.0.0.1')`;
  return startInstance({
    supervisor,
    name,
    strategy: { name: 'healthy', summary: '', promises: () => [], command: [process.execPath, '-e', code] },
    etcd: [],
    primaryUrl: '',
    dataFolder: join(folder, name),
    logPath: join(folder, `${name}.log`),
    timeScale: 1,
    seed: 1,
  });
}

export async function answers(instance: Instance): Promise<boolean> {
  const signal = AbortSignal.timeout(300);
  const headers = { connection: 'close' };
  return fetch(instance.url, { signal, headers }).then(
    ({ ok }) => ok,
    () => false,
  );
}

export async function instancesAnswer({ instances }: TestWorld): Promise<void> {
  await eventually(async () => {
    for (const instance of instances) expect(await answers(instance)).toBe(true);
  });
}

/** Everything is as it was: all up, one leader for all, quick reads and writes through every member. */
export async function whole(world: TestWorld): Promise<void> {
  const { cluster } = world;
  await eventually(async () => {
    expect(cluster.members.map((m) => m.state.state)).toEqual(['up', 'up', 'up']);
    const leaders = (await cluster.status()).map((s) => s.reachable && s.leader);
    expect(leaders[0]).toMatch(/^m[123]$/);
    expect(new Set(leaders).size).toBe(1);
    for (const { name } of cluster.members) {
      await put(cluster, name, 'unbroken', name, 1_000);
      expect(await get(cluster, name, 'unbroken', 1_000)).toBe(name);
    }
  }, 20_000);
  await instancesAnswer(world);
}
