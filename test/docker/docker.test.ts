import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../harness/cluster/cluster.ts';
import { startDockerGround } from '../../harness/cluster/docker/docker-ground.ts';
import { connectEngine, type Engine } from '../../harness/cluster/docker/engine.ts';
import type { Images } from '../../harness/cluster/docker/images.ts';
import type { Ground } from '../../harness/cluster/ground.ts';
import { preflight } from '../../harness/cluster/preflight.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { faultline, foundOrTold, until } from './found.ts';

const found = await foundOrTold(
  'the Docker runtime (its isolation, kills, pauses, partitions, and what a killed command leaves)',
);

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
      ...{ supervisor, images },
      cluster: { members: 3, folder, seed: 1 },
      linksToMembers: 1,
    });
    cluster = await ground.startCluster();
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

  test('what a killed command leaves is removed by the next run, or swept, and nothing else', async () => {
    const { dockerode } = engine.client.container;
    const own = await labelled(engine, `faultline.run=${supervisor.id}`);
    await using strangers = await somebodyElses(engine, images, `faultline-${supervisor.id}`);
    const leftOf = async () => {
      const all = await labelled(engine, 'faultline.owner');
      return all.filter((name) => !own.includes(name) && !strangers.names.includes(name));
    };
    const out = join(folder, 'out');
    const startRun = () =>
      faultline([
        ...['run', 'steady', '--strategy', 'lease-session', '--runtime', 'docker', '--out', out],
        ...['--etcd-image', images.etcd, '--toxiproxy-image', images.toxiproxy],
      ]);
    const kill = async (command: ChildProcess) => {
      const exited = once(command, 'exit');
      command.kill('SIGKILL');
      await exited;
    };
    // A container: its network is called the same.
    const hasMember = (names: readonly string[]) => names.some((name) => /^\/.*-m1$/.test(name));

    const command = startRun();
    await until(async () => hasMember(await leftOf()));
    await kill(command);
    const first = await leftOf();
    expect(first).not.toEqual([]);
    // An image may ask for a volume, which has no label of its own.
    const { volume } = await abandonedWithVolume(engine, images, first);

    const next = startRun();
    await until(async () => {
      const names = await leftOf();
      return hasMember(names) && !names.some((name) => first.includes(name));
    });
    expect(await volumesOf(engine)).not.toContain(volume);
    await kill(next);
    expect(await leftOf()).not.toEqual([]);

    const [code] = await once(faultline(['doctor', '--sweep']), 'exit');
    expect(code).toBe(0);
    // What the engine was still making when the command died is found by the next sweep.
    await until(async () => {
      await once(faultline(['doctor', '--sweep']), 'exit');
      return (await leftOf()).length === 0;
    });
    // This run lives, and what is somebody else's is called as ours is.
    expect(await labelled(engine, `faultline.run=${supervisor.id}`)).toEqual(own);
    expect((await cluster.leader({ timeoutMs: 30_000 })).name).toMatch(/^m[123]$/);
    for (const id of strangers.containers)
      expect((await dockerode.getContainer(id).inspect()).State).toBeDefined();
    for (const id of strangers.networks)
      expect((await dockerode.getNetwork(id).inspect()).Internal).toBe(false);
  }, 400_000);

  test('the reaper is left out where its image is not, and where it is not wanted', async () => {
    const before = process.env.TESTCONTAINERS_RYUK_DISABLED;
    const image = process.env.RYUK_CONTAINER_IMAGE;
    try {
      process.env.RYUK_CONTAINER_IMAGE = 'faultline-test/no-reaper:1';
      delete process.env.TESTCONTAINERS_RYUK_DISABLED;
      await connectEngine();
      expect(process.env.TESTCONTAINERS_RYUK_DISABLED).toBe('true');
      // An image that is there, whatever it is: it is not started by asking for an engine.
      process.env.RYUK_CONTAINER_IMAGE = images.toxiproxy;
      delete process.env.TESTCONTAINERS_RYUK_DISABLED;
      await connectEngine();
      expect(process.env.TESTCONTAINERS_RYUK_DISABLED).toBeUndefined();
      process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
      await connectEngine();
      expect(process.env.TESTCONTAINERS_RYUK_DISABLED).toBe('true');
    } finally {
      restore('TESTCONTAINERS_RYUK_DISABLED', before);
      restore('RYUK_CONTAINER_IMAGE', image);
    }
  });

  test('at the end all of it is gone', async () => {
    await ground[Symbol.asyncDispose]();
    expect(await labelled(engine, `faultline.run=${supervisor.id}`)).toEqual([]);
  }, 60_000);
});

/** Of containers and networks. */
async function labelled({ client }: Engine, label: string): Promise<string[]> {
  const { dockerode } = client.container;
  const filters = { label: [label] };
  const containers = await dockerode.listContainers({ all: true, filters });
  const networks = await dockerode.listNetworks({ filters });
  return [...containers.map(({ Names, Id }) => Names[0] ?? Id), ...networks.map(({ Name }) => Name)].sort();
}

async function volumesOf({ client }: Engine): Promise<readonly string[]> {
  const { Volumes } = await client.container.dockerode.listVolumes();
  return (Volumes ?? []).map(({ Name }) => Name);
}

/** As a command of this boot left it that is gone: with the labels of the one whose containers are named. */
async function abandonedWithVolume(
  { client }: Engine,
  images: Images,
  names: readonly string[],
): Promise<{ readonly volume: string }> {
  const { dockerode } = client.container;
  const all = await dockerode.listContainers({ all: true, filters: { label: ['faultline.owner'] } });
  const one = all.find(({ Names }) => names.includes(Names[0]!))!;
  const { id } = await dockerode.createContainer({
    Image: images.toxiproxy,
    Labels: one.Labels,
    Volumes: { '/data': {} },
    HostConfig: { NetworkMode: 'none' },
  });
  const made = await dockerode.listContainers({ all: true, filters: { label: ['faultline.owner'] } });
  return { volume: made.find(({ Id }) => Id === id)!.Mounts[0]!.Name! };
}

/** Containers and networks that are called as a run's are, with labels that look like ours. They are gone afterwards. */
async function somebodyElses({ client }: Engine, images: Images, like: string) {
  const { dockerode } = client.container;
  const labels: readonly Record<string, string>[] = [
    {},
    // No owner is told.
    { 'faultline.run': 'another' },
    // Of another boot, or another machine.
    { 'faultline.run': 'another', 'faultline.owner': '00000000-0000-0000-0000-000000000000 4194999 1' },
    // No process at all.
    { 'faultline.run': 'another', 'faultline.owner': 'somebody' },
  ];
  const containers: string[] = [];
  const networks: string[] = [];
  const names: string[] = [];
  for (const [i, Labels] of labels.entries()) {
    const container = { name: `${like}-m1-${i}`, Image: images.toxiproxy, Labels };
    containers.push((await dockerode.createContainer(container)).id);
    networks.push((await dockerode.createNetwork({ Name: `${like}-front-${i}`, Labels })).id);
    names.push(`/${like}-m1-${i}`, `${like}-front-${i}`);
  }
  return {
    names,
    containers,
    networks,
    async [Symbol.asyncDispose]() {
      for (const id of containers) await dockerode.getContainer(id).remove({ force: true, v: true });
      for (const id of networks) await dockerode.getNetwork(id).remove();
    },
  };
}

function restore(variable: string, value: string | undefined): void {
  if (value === undefined) delete process.env[variable];
  else process.env[variable] = value;
}
