import { join } from 'node:path';
import { expect } from 'vitest';
import type { Network } from '../../harness/network/network.ts';
import { type Instance, startInstance } from '../../harness/service/instance.ts';
import { eventually, get, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { tryDial } from '../network/tcp.ts';

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

/** The links that refuse connections. */
export async function refusing({ links }: Pick<Network, 'links'>): Promise<Set<string>> {
  const dials = await Promise.all(links.map(async ({ listen }) => await tryDial(listen)));
  return new Set(links.filter((_, i) => dials[i] !== 'connected').map(({ proxy }) => proxy));
}

/** Nothing that a nemesis did to links is left, as Toxiproxy itself says. */
export async function linksUntouched({ toxiproxyUrl }: Pick<TestWorld, 'toxiproxyUrl'>): Promise<void> {
  const proxies = (await (await fetch(`${toxiproxyUrl}/proxies`)).json()) as Record<
    string,
    { enabled: boolean; toxics: object[] }
  >;
  const states = Object.values(proxies).map(({ enabled, toxics }) => ({ enabled, toxics }));
  expect(states.length).toBeGreaterThan(0);
  expect(states).toEqual(states.map(() => ({ enabled: true, toxics: [] })));
}

/** Everything is as it was: all up, one leader for all, quick reads and writes through every member. */
export async function whole(world: TestWorld): Promise<void> {
  const { cluster } = world;
  await linksUntouched(world);
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
