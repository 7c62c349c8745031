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
import { type ClusterOptions, etcdArguments } from '../cluster-options.ts';
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
  readonly members: readonly string[];
  /** How many links to members there will be from processes of this machine: their ports are published beforehand. */
  readonly linksToMembers: number;
  readonly seed: number;
  /** Logs go here and are kept. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * Members as containers, each in an internal network that it shares with Toxiproxy's container alone:
 *
 *     m1 --net m1--> toxiproxy: link m1->m2 --net m2--> m2        m2.peer:12382 is Toxiproxy, in every member's hosts file
 *     s1 --127.0.0.1, published--> toxiproxy: link s1->m2 --net m2--> m2
 *     harness --127.0.0.1, published--> toxiproxy: a proxy that is no link --net m2--> m2
 *
 * Links to databases are proxies of this machine, as in the local runtime.
 */
export async function startDockerGround(options: DockerGroundOptions): Promise<Ground> {
  const { supervisor, folder, seed } = options;
  await mkdir(folder, { recursive: true });
  const engine = await connectEngine();
  await sweepAbandoned(engine);
  // Once, before anything is started at the same time: each that finds no reaper would start one.
  const { sessionId } = await engine.testcontainers.getReaper(engine.client);
  const labels = {
    ...(await labelsOf(supervisor.id)),
    [engine.testcontainers.LABEL_TESTCONTAINERS_SESSION_ID]: sessionId,
  };
  try {
    options.signal?.throwIfAborted();
    const [inside, outside] = await allOrNone(
      startInside(engine, options, labels),
      startToxiproxy({ supervisor, seed, logPath: join(folder, 'toxiproxy-databases.log') }).then(({ url }) =>
        createNetwork({ toxiproxyUrl: url }),
      ),
    );
    return new DockerGround(engine, options, labels, inside, outside);
  } catch (error) {
    await removeRun(engine, supervisor.id);
    throw error;
  }
}

/** Toxiproxy's container and what is known of it. */
interface Inside {
  readonly client: ToxiproxyClient;
  readonly network: Network;
  readonly toxiproxy: Expected;
  /** Its address in each network, by the member whose it is. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Where the harness reaches each member. */
  readonly clientAddresses: ReadonlyMap<string, string>;
  wayTo(link: Link): Promise<{ readonly address: string } & AsyncDisposable>;
}

async function startInside(
  engine: Engine,
  options: DockerGroundOptions,
  labels: Readonly<Record<string, string>>,
): Promise<Inside> {
  const { members, linksToMembers } = options;
  const nameOf = (part: string) => `faultline-${options.supervisor.id}-${part}`;
  const front = nameOf('front');
  await Promise.all(
    [front, ...members.map(nameOf)].map((name) =>
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
  const publish = async (container: number) => ({ container, host: await freePort() });
  const api = await publish(8_474);
  const probe = await publish(8_475);
  const direct = await Promise.all(members.map((_, i) => publish(20_001 + i)));
  const forLinks = await Promise.all(Array.from({ length: linksToMembers }, (_, i) => publish(21_001 + i)));
  const logPath = join(options.folder, 'toxiproxy.log');
  const container = await Container.start(engine, {
    name: nameOf('toxiproxy'),
    image: options.images.toxiproxy,
    command: ['-host=0.0.0.0', '-proxy-metrics'],
    // Unless told it writes a line for every connection.
    environment: { LOG_LEVEL: 'error' },
    labels,
    networks: [front, ...members.map(nameOf)],
    ports: [api, probe, ...direct, ...forLinks],
    // A member that is down has no name. Nobody there refuses the question at once; a resolver beyond the machine could
    // leave it, and with it the proxy's next connections, waiting for seconds.
    dns: ['127.0.0.1'],
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
    client,
    network,
    toxiproxy: { name: nameOf('toxiproxy'), networks: [front, ...members.map(nameOf)] },
    addresses,
    clientAddresses: new Map(members.map((member, i) => [member, `127.0.0.1:${direct[i]!.host}`])),
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

class DockerGround implements Ground {
  readonly network: Network;
  readonly #engine: Engine;
  readonly #options: DockerGroundOptions;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #inside: Inside;
  #removed: Promise<void> | undefined;

  constructor(
    engine: Engine,
    options: DockerGroundOptions,
    labels: Readonly<Record<string, string>>,
    inside: Inside,
    outside: Network,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#labels = labels;
    this.#inside = inside;
    this.network = new SplitNetwork({
      among: inside.network,
      outside,
      members: options.members,
      wayTo: async (link) => (options.members.includes(link.from) ? await inside.wayTo(link) : undefined),
    });
  }

  async startCluster(options: ClusterOptions): Promise<Cluster> {
    const { members: names, images, supervisor } = this.#options;
    const { addresses, clientAddresses } = this.#inside;
    const nameOf = (member: string) => `faultline-${supervisor.id}-${member}`;
    const peerUrl = (member: string) => `https://${member}.peer:${peerPort(names, member)}`;
    const initialCluster = names.map((name) => `${name}=${peerUrl(name)}`).join(',');
    // No keep-alive, as in the local runtime.
    const agent = new Agent({ pipelining: 0 });
    const members = names.map((name) => {
      const logPath = join(options.folder, `${name}.log`);
      return new DockerMember({
        name,
        agent,
        clientAddress: clientAddresses.get(name)!,
        upstream: `${nameOf(name)}:${clientPort}`,
        logPath,
        readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
        create: () =>
          Container.start(this.#engine, {
            name: nameOf(name),
            image: images.etcd,
            command: [
              etcdPath,
              ...etcdArguments(options, {
                name,
                dataFolder: '/var/lib/etcd',
                listenPeerUrl: `https://0.0.0.0:${innerPeerPort}`,
                advertisePeerUrl: peerUrl(name),
                initialCluster,
                listenClientUrl: `http://0.0.0.0:${clientPort}`,
              }),
            ],
            labels: this.#labels,
            networks: [nameOf(name)],
            hosts: names
              .filter((other) => other !== name)
              .map((other) => ({ host: `${other}.peer`, ipAddress: addresses.get(name)! })),
            logPath,
          }),
      });
    });
    const stop = async () => {
      await agent.destroy();
      await this[Symbol.asyncDispose]();
    };
    try {
      await startTogether(members, options.signal);
      return await startedCluster({
        members,
        agent,
        stop,
        waysAround: () =>
          waysAround(
            this.#engine,
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
    this.#removed ??= removeRun(this.#engine, this.#options.supervisor.id);
    return this.#removed;
  }
}

/** Waits for both, so that nothing is still being made when what there is is removed. */
async function allOrNone<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
