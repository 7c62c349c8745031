import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { type ClusterOptions, etcdArguments } from '../../harness/cluster/cluster-options.ts';
import { Container } from '../../harness/cluster/docker/container.ts';
import { startDockerGround } from '../../harness/cluster/docker/docker-ground.ts';
import { connectEngine, type Engine } from '../../harness/cluster/docker/engine.ts';
import { etcdPath, etcdVersionIn, type Images } from '../../harness/cluster/docker/images.ts';
import { labelsOf, namesOf, removeRun } from '../../harness/cluster/docker/ownership.ts';
import { waitUntilReady } from '../../harness/cluster/member-ready.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { lastLines } from '../../harness/process/last-lines.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { localImages } from '../docker/images.ts';
import type { Bench, BenchRow } from './bench.ts';
import { quantile } from './far-side.ts';

/**
 * A cluster of three members with 6 links and Toxiproxy, in containers, against three plain etcds on one network, whose
 * containers are made by the same code: how long until each member has acknowledged a write of its own, and what is left
 * 3 s after the end. In turns, each first in every second round, since the machine's speed drifts.
 */
export const bench: Bench = { name: 'docker', run };

const rounds = 7;
const members = ['m1', 'm2', 'm3'];

interface Round {
  readonly readyMs: number;
  readonly goneMs: number;
  /** Containers, networks and volumes that were there 3 s after the end began. */
  readonly left: number;
}

async function run(): Promise<readonly BenchRow[]> {
  const found = await available();
  if ('missing' in found) {
    process.stderr.write(`NOT MEASURED: the Docker runtime: ${found.missing}\n`);
    return [];
  }
  const { engine, images } = found;
  const etcdVersion = await etcdVersionIn(engine, images.etcd);
  const ways = { linked, plain };
  const measured = { linked: [] as Round[], plain: [] as Round[] };
  const names = ['linked', 'plain'] as const;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      await using supervisor = await createSupervisor();
      const folder = join(await supervisor.temporaryFolder('bench'), 'logs');
      await mkdir(folder);
      measured[name].push(await ways[name]({ engine, images, etcdVersion, supervisor, folder }));
    }
  }
  const of = (name: 'linked' | 'plain', what: 'readyMs' | 'goneMs') => measured[name].map((one) => one[what]);
  const rows = (name: 'linked' | 'plain', told: string): BenchRow[] => [
    { what: `${told}: ready, median of ${rounds}`, ...ms(quantile(of(name, 'readyMs'), 0.5)) },
    { what: `${told}: ready, worst of ${rounds}`, ...ms(Math.max(...of(name, 'readyMs'))) },
    { what: `${told}: gone, median of ${rounds}`, ...ms(quantile(of(name, 'goneMs'), 0.5)) },
    { what: `${told}: gone, worst of ${rounds}`, ...ms(Math.max(...of(name, 'goneMs'))) },
  ];
  const ratio = quantile(of('linked', 'readyMs'), 0.5) / quantile(of('plain', 'readyMs'), 0.5);
  const left = Math.max(...measured.linked.map((one) => one.left));
  return [
    ...rows('plain', '3 plain etcds, one network'),
    ...rows('linked', '3 members, 6 links, Toxiproxy'),
    {
      what: 'linked / plain, of the medians',
      value: ratio,
      unit: 'x',
      target: 'within 1.5 x',
      met: ratio <= 1.5,
    },
    {
      what: 'linked: left 3 s after the end, worst',
      value: left,
      unit: 'things',
      target: 'none',
      met: left === 0,
    },
  ];
}

interface Place {
  readonly engine: Engine;
  readonly images: Images;
  readonly etcdVersion: string;
  readonly supervisor: Supervisor;
  readonly folder: string;
}

async function linked({ engine, images, etcdVersion, supervisor, folder }: Place): Promise<Round> {
  const fromMs = performance.now();
  const cluster: ClusterOptions = { members: 3, folder, seed: 1, etcdVersion };
  const ground = await startDockerGround({ supervisor, images, cluster, linksToMembers: 0 });
  try {
    const { members } = await ground.startCluster();
    await Promise.all(members.map(({ clientAddress }) => written(clientAddress)));
    const readyMs = performance.now() - fromMs;
    return { readyMs, ...(await ended(engine, supervisor, async () => ground[Symbol.asyncDispose]())) };
  } finally {
    await ground[Symbol.asyncDispose]();
  }
}

/** As `linked`, but for TLS between peers, which nothing splices here, and for everything that makes links of its ways. */
async function plain({ engine, images, etcdVersion, supervisor, folder }: Place): Promise<Round> {
  const run = supervisor.id;
  const labels = await labelsOf(run);
  const nameOf = (part: string) => `faultline-${run}-${part}`;
  const peerUrl = (member: string) => `http://${nameOf(member)}:2380`;
  const initialCluster = members.map((name) => `${name}=${peerUrl(name)}`).join(',');
  await using agent = disposed(new Agent({ pipelining: 0 }));
  const fromMs = performance.now();
  try {
    const network = nameOf('all');
    await engine.client.network.create({
      Name: network,
      Driver: 'bridge',
      CheckDuplicate: true,
      Labels: labels,
    });
    await Promise.all(
      members.map(async (name) => {
        const clientAddress = `127.0.0.1:${await freePort()}`;
        const logPath = join(folder, `${name}.log`);
        const args = etcdArguments(
          { members: 3, folder, seed: 1, etcdVersion },
          {
            name,
            dataFolder: '/var/lib/etcd',
            listenPeerUrl: 'http://0.0.0.0:2380',
            advertisePeerUrl: peerUrl(name),
            initialCluster,
            listenClientUrl: 'http://0.0.0.0:2379',
          },
        );
        const container = await Container.start(engine, {
          name: nameOf(name),
          image: images.etcd,
          command: [etcdPath, ...args.filter((argument) => argument !== '--peer-auto-tls')],
          labels,
          networks: [{ name: network }],
          ports: [{ container: 2379, host: Number(clientAddress.split(':')[1]) }],
          logPath,
        });
        await waitUntilReady({
          member: { name, clientAddress },
          agent: agent.it,
          timeoutMs: 30_000,
          ended: () => (container.pid === null ? 'ended' : undefined),
          lastOutput: () => lastLines(logPath, 20),
        });
        await written(clientAddress);
      }),
    );
    const readyMs = performance.now() - fromMs;
    return { readyMs, ...(await ended(engine, supervisor, () => removeRun(engine, run))) };
  } finally {
    await removeRun(engine, run);
  }
}

/** A write is acknowledged once a leader has had it agreed to by most. */
async function written(clientAddress: string): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const { statusCode, body } = await request(`http://${clientAddress}/v3/kv/put`, {
    method: 'POST',
    body: JSON.stringify({ key: base64('written'), value: base64(clientAddress) }),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await body.text();
  if (statusCode !== 200)
    throw new Error(`a put at ${clientAddress} should be acknowledged, got ${statusCode}: ${text}`);
}

async function ended(
  engine: Engine,
  supervisor: Supervisor,
  end: () => Promise<void>,
): Promise<Pick<Round, 'goneMs' | 'left'>> {
  const volumes = await volumesOf(engine, supervisor.id);
  const fromMs = performance.now();
  const gone = end().then(() => performance.now() - fromMs);
  // Whether or not the end has come by then.
  await sleep(3_000);
  const things = await namesOf(engine, supervisor.id);
  const there = await engine.client.container.dockerode.listVolumes();
  const kept = (there.Volumes ?? []).filter(({ Name }) => volumes.includes(Name));
  return { goneMs: await gone, left: things.length + kept.length };
}

/** An image may ask for volumes; they bear no label. */
async function volumesOf({ client }: Engine, run: string): Promise<string[]> {
  const filters = { label: [`faultline.run=${run}`] };
  const containers = await client.container.dockerode.listContainers({ all: true, filters });
  return containers.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? []));
}

async function available(): Promise<{ engine: Engine; images: Images } | { missing: string }> {
  try {
    return { engine: await connectEngine(), images: await localImages() };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

function disposed<T extends { destroy(): Promise<void> }>(it: T): { readonly it: T } & AsyncDisposable {
  return { it, [Symbol.asyncDispose]: () => it.destroy() };
}

function ms(value: number): { value: number; unit: string } {
  return { value: Math.round(value), unit: 'ms' };
}
