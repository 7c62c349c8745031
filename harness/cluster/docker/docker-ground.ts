import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import { Agent } from 'undici';
import type { Link, Network } from '../../network/network.ts';
import { SplitNetwork } from '../../network/split-network.ts';
import { startToxiproxy } from '../../network/toxiproxy/start.ts';
import { ToxiproxyClient } from '../../network/toxiproxy-client.ts';
import { createNetwork, type Placing } from '../../network/toxiproxy-network.ts';
import { freePort } from '../../process/free-port.ts';
import { lastLines } from '../../process/last-lines.ts';
import type { Supervisor } from '../../process/supervisor.ts';
import type { Cluster } from '../cluster.ts';
import { type ClusterOptions, etcdArguments, memberNames } from '../cluster-options.ts';
import type { Ground } from '../ground.ts';
import { orderedPairs, startedCluster, startTogether } from '../started-cluster.ts';
import { Container } from './container.ts';
import { DockerMember } from './docker-member.ts';
import { connectEngine, type Engine } from './engine.ts';
import { etcdPath, type Images } from './images.ts';
import { labelsOf, removeRun, sweepAbandoned } from './ownership.ts';
import { type Expected, waysAround } from './ways-around.ts';

export interface DockerGroundOptions {
  readonly supervisor: Supervisor;
  readonly images: Images;
  /** Its folder is where all logs go and are kept. */
  readonly cluster: ClusterOptions;
  /** How many links to members there will be from processes of this machine: their ports are published beforehand. */
  readonly linksToMembers: number;
}

/**
 * Members as containers, each in an internal network that it shares with Toxiproxy's container alone:
 *
 *     m1 --net m1--> toxiproxy: link m1->m2 --net m2--> m2        m2.peer:12382 is Toxiproxy, by an alias in every member's network
 *     s1 --127.0.0.1, published--> toxiproxy: link s1->m2 --net m2--> m2
 *     harness --127.0.0.1, published--> toxiproxy: a proxy that is no link --net m2--> m2
 *
 * Links to databases are proxies of this machine, as in the local runtime. Members start beside Toxiproxy, since most of what
 * a container's start takes is the engine's work; they find each other once the links are there.
 */
export async function startDockerGround(options: DockerGroundOptions): Promise<Ground> {
  const { supervisor, cluster } = options;
  const { folder, signal } = cluster;
  await mkdir(folder, { recursive: true });
  const engine = await connectEngine();
  await sweepAbandoned(engine);
  // Once, before anything is started at the same time: each that finds no reaper would start one.
  const { sessionId } = await engine.testcontainers.getReaper(engine.client);
  const labels = {
    ...(await labelsOf(supervisor.id)),
    [engine.testcontainers.LABEL_TESTCONTAINERS_SESSION_ID]: sessionId,
  };
  // No keep-alive, as in the local runtime.
  const agent = new Agent({ pipelining: 0 });
  const failed = new AbortController();
  const starting: Promise<unknown>[] = [];
  const end = async (reason?: unknown) => {
    failed.abort(reason);
    // So that nothing is still being made when what there is is removed.
    await Promise.allSettled(starting);
    await agent.destroy();
    await removeRun(engine, supervisor.id);
  };
  try {
    signal?.throwIfAborted();
    const names = memberNames(cluster.members);
    const place: Place = {
      engine,
      options,
      labels,
      names,
      nameOf: (part) => `faultline-${supervisor.id}-${part}`,
      direct: await portsFrom(20_001, names.length),
      agent,
    };
    await createNetworks(place);
    const members = names.map((name) => memberIn(place, name));
    const either = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
    const membersStarted = startTogether(members, either);
    const insideStarted = startInside(place);
    const outsideStarted = startToxiproxy({
      supervisor,
      seed: cluster.seed ?? 0,
      logPath: join(folder, 'toxiproxy-databases.log'),
    }).then(({ url }) => createNetwork({ toxiproxyUrl: url }));
    starting.push(membersStarted, insideStarted, outsideStarted);
    // Told by startCluster, or here when there is nothing to start it on.
    membersStarted.catch(() => {});
    const [inside, outside] = await Promise.all([insideStarted, outsideStarted]);
    return new DockerGround(place, { members, membersStarted, inside, outside, end });
  } catch (error) {
    await end(error);
    throw error;
  }
}

/** What everything on the engine is made from. */
interface Place {
  readonly engine: Engine;
  readonly options: DockerGroundOptions;
  readonly labels: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  /** What a member's container and network are called, and Toxiproxy's. */
  nameOf(part: string): string;
  /** Where the harness reaches each member, published by Toxiproxy's container. */
  readonly direct: readonly Published[];
  readonly agent: Agent;
}

interface Published {
  readonly container: number;
  readonly host: number;
}

/** Toxiproxy's container and what is known of it. */
interface Inside {
  readonly network: Network;
  readonly toxiproxy: Expected;
  wayTo(link: Link): Promise<{ readonly address: string } & AsyncDisposable>;
}

async function createNetworks({ engine, labels, names, nameOf }: Place): Promise<void> {
  const front = nameOf('front');
  await Promise.all(
    [front, ...names.map(nameOf)].map((name) =>
      engine.client.network.create({
        Name: name,
        Driver: 'bridge',
        // No way out, and none in but through Toxiproxy, which alone is also in front.
        Internal: name !== front,
        CheckDuplicate: true,
        Labels: { ...labels },
      }),
    ),
  );
}

async function portsFrom(first: number, count: number): Promise<readonly Published[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => ({ container: first + i, host: await freePort() })),
  );
}

async function startInside(place: Place): Promise<Inside> {
  const { engine, options, labels, names: members, nameOf, direct } = place;
  const { images, cluster, linksToMembers } = options;
  const front = nameOf('front');
  const [api, probe] = (await portsFrom(8_474, 2)) as [Published, Published];
  const forLinks = await portsFrom(21_001, linksToMembers);
  const logPath = join(cluster.folder, 'toxiproxy.log');
  const container = await Container.start(engine, {
    name: nameOf('toxiproxy'),
    image: images.toxiproxy,
    command: ['-host=0.0.0.0', '-proxy-metrics'],
    // Unless told it writes a line for every connection.
    environment: { LOG_LEVEL: 'error' },
    labels,
    networks: [
      { name: front },
      ...members.map((member) => ({
        name: nameOf(member),
        aliases: members.filter((other) => other !== member).map(peerHost),
      })),
    ],
    ports: [api, probe, ...direct, ...forLinks],
    dns: nobody,
    logPath,
  });
  const { NetworkSettings } = await container.inspect();
  const addressIn = (network: string) => NetworkSettings.Networks[network]!.IPAddress;
  const addresses = new Map(members.map((member) => [member, addressIn(nameOf(member))]));
  const client = new ToxiproxyClient(`http://127.0.0.1:${api.host}`, 5_000);
  await answering(client, container, logPath);

  const free = [...forLinks];
  const network = await createNetwork({
    toxiproxyUrl: client.url,
    placeOf({ from, to }): Placing {
      const address = addresses.get(from);
      if (address !== undefined) {
        const listen = `${address}:${peerPort(members, to)}`;
        return { listen, reachedAt: listen };
      }
      const port = free.shift();
      if (port === undefined)
        throw new RangeError(
          `link ${from}->${to} is one more than the ${linksToMembers} that ports were published for`,
        );
      return { listen: `${addressIn(front)}:${port.container}`, reachedAt: `127.0.0.1:${port.host}` };
    },
  });
  await Promise.all([
    ...members.map((member, i) =>
      client.createProxy(
        `harness-${member}`,
        `${addressIn(front)}:${direct[i]!.container}`,
        `${nameOf(member)}:${clientPort}`,
      ),
    ),
    ...orderedPairs(members).map(([from, to]) =>
      network.add({ from, to, upstream: `${nameOf(to)}:${innerPeerPort}` }),
    ),
  ]);
  const oneAtATime = new Mutex();
  return {
    network,
    toxiproxy: { name: nameOf('toxiproxy'), networks: [front, ...members.map(nameOf)] },
    async wayTo(link) {
      const release = await oneAtATime.acquire();
      try {
        const proxy = await client.createProxy(
          'probe',
          `${addressIn(front)}:${probe.container}`,
          link.listen,
        );
        return {
          address: `127.0.0.1:${probe.host}`,
          async [Symbol.asyncDispose]() {
            await client.removeProxy(proxy).finally(release);
          },
        };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/**
 * A container that is down has no name. Nobody there refuses the question at once; a resolver beyond the machine could
 * leave it, and with it a proxy's next connections, waiting for seconds.
 */
const nobody = ['127.0.0.1'];
const clientPort = 2_379;
const innerPeerPort = 2_380;

/** One for each target, since all of them are Toxiproxy's address. */
function peerPort(members: readonly string[], to: string): number {
  return 12_381 + members.indexOf(to);
}

async function answering(client: ToxiproxyClient, container: Container, logPath: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const failure = await client.version().then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure === undefined) return;
    if (container.pid === null || performance.now() >= deadline) {
      const how = container.pid === null ? 'ended' : 'did not answer within 10000 ms';
      throw new Error(
        `toxiproxy's container ${how} (${failure.message}); its last output was:\n${await lastLines(logPath, 10)}`,
      );
    }
    await sleep(15);
  }
}

function memberIn(
  { engine, options, labels, names, nameOf, direct, agent }: Place,
  name: string,
): DockerMember {
  const { images, cluster } = options;
  const peerUrl = (member: string) => `https://${peerHost(member)}:${peerPort(names, member)}`;
  const logPath = join(cluster.folder, `${name}.log`);
  return new DockerMember({
    name,
    agent,
    clientAddress: `127.0.0.1:${direct[names.indexOf(name)]!.host}`,
    upstream: `${nameOf(name)}:${clientPort}`,
    logPath,
    readyTimeoutMs: cluster.readyTimeoutMs ?? 30_000,
    create: () =>
      Container.start(engine, {
        name: nameOf(name),
        image: images.etcd,
        command: [
          etcdPath,
          ...etcdArguments(cluster, {
            name,
            dataFolder: '/var/lib/etcd',
            listenPeerUrl: `https://0.0.0.0:${innerPeerPort}`,
            advertisePeerUrl: peerUrl(name),
            initialCluster: names.map((each) => `${each}=${peerUrl(each)}`).join(','),
            listenClientUrl: `http://0.0.0.0:${clientPort}`,
          }),
        ],
        labels,
        networks: [{ name: nameOf(name) }],
        dns: nobody,
        logPath,
      }),
  });
}

/** By which name members know a peer: it leads to Toxiproxy. */
function peerHost(member: string): string {
  return `${member}.peer`;
}

class DockerGround implements Ground {
  readonly network: Network;
  readonly #place: Place;
  readonly #members: readonly DockerMember[];
  readonly #membersStarted: Promise<void>;
  readonly #inside: Inside;
  readonly #end: () => Promise<void>;
  #removed: Promise<void> | undefined;

  constructor(
    place: Place,
    started: {
      readonly members: readonly DockerMember[];
      readonly membersStarted: Promise<void>;
      readonly inside: Inside;
      readonly outside: Network;
      end(): Promise<void>;
    },
  ) {
    const { inside, outside } = started;
    this.#place = place;
    this.#members = started.members;
    this.#membersStarted = started.membersStarted;
    this.#inside = inside;
    this.#end = started.end;
    this.network = new SplitNetwork({
      among: inside.network,
      outside,
      members: place.names,
      wayTo: async (link) => (place.names.includes(link.from) ? await inside.wayTo(link) : undefined),
    });
  }

  async startCluster(): Promise<Cluster> {
    const { engine, names, nameOf, agent } = this.#place;
    const stop = () => this[Symbol.asyncDispose]();
    try {
      await this.#membersStarted;
      return await startedCluster({
        members: this.#members,
        agent,
        stop,
        waysAround: () =>
          waysAround(
            engine,
            names.map((name) => ({ name: nameOf(name), networks: [nameOf(name)] })),
            this.#inside.toxiproxy,
          ),
      });
    } catch (error) {
      await stop();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#removed ??= this.#end();
    return this.#removed;
  }
}
