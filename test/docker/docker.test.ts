import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../harness/cluster/cluster.ts';
import { startDockerGround } from '../../harness/cluster/docker/docker-ground.ts';
import { connectEngine, type Engine } from '../../harness/cluster/docker/engine.ts';
import type { Images } from '../../harness/cluster/docker/images.ts';
import type { Ground } from '../../harness/cluster/ground.ts';
import { preflight } from '../../harness/cluster/preflight.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';
import { localImages } from './images.ts';

const found = await available();
if ('missing' in found) {
  process.stderr.write(
    `NOT TESTED: the Docker runtime (its isolation, kills, pauses, partitions, and what a killed command leaves): ${found.missing}\n`,
  );
}

describe.skipIf('missing' in found)('members in containers', () => {
  const { engine, images } = found as { engine: Engine; images: Images };
  let folder: string;
  let supervisor: Supervisor;
  let ground: Ground;
  let cluster: Cluster;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'faultline-test-docker-'));
    supervisor = await createSupervisor();
    ground = await startDockerGround({
      ...{ supervisor, images, folder, seed: 1 },
      members: ['m1', 'm2', 'm3'],
      linksToMembers: 1,
    });
    cluster = await ground.startCluster({ members: 3, folder, seed: 1 });
  }, 120_000);

  afterAll(async () => {
    await ground?.[Symbol.asyncDispose]();
    await supervisor?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('nothing but the links leads from one to another, and a cut of them cuts', async () => {
    expect(await cluster.waysAround!()).toEqual([]);
    await preflight({ cluster, network: ground.network, stepTimeoutMs: 30_000 });
  }, 120_000);

  test('a member that is in another network too is told, and the run does not begin', async () => {
    const bridge = engine.client.container.dockerode.getNetwork('bridge');
    const other = await engine.client.container.dockerode.createContainer({
      Image: images.toxiproxy,
      Labels: { 'faultline.run': supervisor.id, 'faultline.owner': 'the test' },
      HostConfig: { NetworkMode: `faultline-${supervisor.id}-m2` },
    });
    try {
      await bridge.connect({ Container: `faultline-${supervisor.id}-m1` });
      await other.start();
      const ways = await cluster.waysAround!();
      expect(ways.join('\n')).toMatch(/-m1 is in the network bridge too/);
      expect(ways.join('\n')).toMatch(/is in faultline-\w+-m2's network/);
      await expect(preflight({ cluster, network: ground.network })).rejects.toThrow(/isolated/);
    } finally {
      await other.remove({ force: true });
      await bridge.disconnect({ Container: `faultline-${supervisor.id}-m1`, Force: true });
    }
    expect(await cluster.waysAround!()).toEqual([]);
  }, 60_000);

  test('a leader that is cut off is replaced, and comes back', async () => {
    const leader = await cluster.leader({ timeoutMs: 30_000 });
    const links = ground.network.links.filter(({ from, to }) => from === leader.name || to === leader.name);
    expect(links).toHaveLength(4);
    const cut = await ground.network.cut(links, 'blackhole');
    try {
      await until(async () => (await cluster.leader({ timeoutMs: 30_000 })).name !== leader.name);
    } finally {
      await cut.heal();
    }
    await until(async () =>
      (await cluster.status()).every((status) => status.reachable && status.leader !== null),
    );
  }, 120_000);

  test('killed, paused and shut down members are down or silent, and come back with their data', async () => {
    const killed = await cluster.leader({ timeoutMs: 30_000 });
    await killed.kill();
    expect(killed.state).toEqual({ state: 'down' });
    expect((await cluster.leader({ timeoutMs: 30_000 })).name).not.toBe(killed.name);
    await killed.restart({ timeoutMs: 60_000 });
    expect(killed.state.state).toBe('up');

    const paused = await cluster.leader({ timeoutMs: 30_000 });
    await paused.pause();
    expect(paused.state.state).toBe('paused');
    await until(async () => (await cluster.leader({ timeoutMs: 30_000 })).name !== paused.name);
    await paused.resume();
    expect(paused.state.state).toBe('up');

    // Also a paused one can be killed.
    await paused.pause();
    await paused.kill();
    expect(paused.state).toEqual({ state: 'down' });
    await paused.restart({ timeoutMs: 60_000 });
    await paused.shutDown();
    expect(paused.state).toEqual({ state: 'down' });
    await paused.restart({ timeoutMs: 60_000 });

    // One log over all of its lives.
    const log = await readFile(killed.logPath, 'utf8');
    const starts = log.split('\n').filter((line) => line.includes('"starting an etcd server"'));
    expect(starts.length).toBeGreaterThanOrEqual(2);
  }, 180_000);

  test('what a killed command leaves is swept, and nothing else', async () => {
    const out = join(folder, 'out');
    const { etcd, toxiproxy } = images;
    const command = faultline(
      'run',
      'steady',
      '--strategy',
      'lease-session',
      '--runtime',
      'docker',
      '--out',
      out,
      ...['--etcd-image', etcd, '--toxiproxy-image', toxiproxy],
    );
    const own = `faultline.run=${supervisor.id}`;
    const before = await labelled(engine, own);
    const others = async () => {
      const all = await labelled(engine, 'faultline.run');
      return all.filter((name) => !before.includes(name));
    };
    await until(async () => (await others()).some((name) => /-m1$/.test(name)));
    command.kill('SIGKILL');
    await once(command, 'exit');
    expect(await others()).not.toEqual([]);

    const sweep = faultline('doctor', '--sweep');
    const [code] = await once(sweep, 'exit');
    expect(code).toBe(0);
    // What the engine was still making when the command died is found by the next sweep.
    await until(async () => {
      const again = faultline('doctor', '--sweep');
      await once(again, 'exit');
      return (await others()).length === 0;
    });
    expect(await labelled(engine, own)).toEqual(before);
    expect((await cluster.leader({ timeoutMs: 30_000 })).name).toMatch(/^m[123]$/);
  }, 180_000);

  test('at the end all of it is gone', async () => {
    await ground[Symbol.asyncDispose]();
    expect(await labelled(engine, `faultline.run=${supervisor.id}`)).toEqual([]);
  }, 60_000);
});

async function available(): Promise<{ engine: Engine; images: Images } | { missing: string }> {
  try {
    const engine = await connectEngine();
    return { engine, images: await localImages() };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

/** Of containers and networks. */
async function labelled({ client }: Engine, label: string): Promise<string[]> {
  const { dockerode } = client.container;
  const filters = { label: [label] };
  const containers = await dockerode.listContainers({ all: true, filters });
  const networks = await dockerode.listNetworks({ filters });
  return [...containers.map(({ Names, Id }) => Names[0] ?? Id), ...networks.map(({ Name }) => Name)].sort();
}

function faultline(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [builtProgram('scenarios/faultline.ts'), ...args], { stdio: 'ignore' });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; !(await done()); ) {
    if (performance.now() > deadline) throw new Error('it did not come to pass within 60 s');
    await sleep(100);
  }
}
