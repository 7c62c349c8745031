import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster/cluster.ts';
import type { ClusterOptions } from './cluster/cluster-options.ts';
import type { Images } from './cluster/docker/images.ts';
import type { ExternalPlace } from './cluster/external/external-cluster.ts';
import type { Ground } from './cluster/ground.ts';
import { routerOf, startLocalCluster } from './cluster/local-cluster.ts';
import { preflight } from './cluster/preflight.ts';
import type { Tuning } from './cluster/tuning.ts';
import type { Database } from './database/database.ts';
import { connectExternalDatabase } from './database/external-database.ts';
import { startLocalDatabase } from './database/local-database.ts';
import { MadeProxies } from './network/made-proxies.ts';
import type { Network } from './network/network.ts';
import { type OriginalToxiproxy, startOriginal } from './network/toxiproxy/original.ts';
import { startToxiproxy } from './network/toxiproxy/start.ts';
import { createNetwork } from './network/toxiproxy-network.ts';
import { madeProxiesFolder } from './process/abandoned.ts';
import type { Supervisor } from './process/supervisor.ts';
import { type Instance, startInstance } from './service/instance.ts';
import type { StrategyDescription } from './service/strategy.ts';

/**
 * A Stack is what a cell runs on: members, databases and service instances, with a link between every two of them
 * that talk.
 *
 *     s1, s2 --link--> m1, m2, m3      s1, s2 --link--> primary, replica      replica --link--> primary
 *     m1 --router--> link m1->m2 --> m2, and so for every ordered pair of members
 */
export interface Stack extends AsyncDisposable {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly database: Database;
  readonly instances: readonly Instance[];
}

export interface StackOptions {
  readonly supervisor: Supervisor;
  readonly strategy: StrategyDescription;
  readonly members: 1 | 3 | 5 | 7;
  readonly instances: number;
  readonly etcd: { readonly path: string; readonly version: string };
  /** In place of the embedded one. */
  readonly toxiproxy?: OriginalToxiproxy;
  /** Members and their proxies are containers of these images, then, and `etcd` only tells the version. */
  readonly images?: Images;
  /** Members that are there already; `etcd` only tells the version, then. */
  readonly external?: ExternalPlace;
  /** A database that is already there; otherwise one is started. */
  readonly databaseUrl?: string;
  readonly timeScale: number;
  readonly seed: number;
  /** Logs are kept here. */
  readonly logs: string;
  readonly tuning?: Tuning;
  readonly signal: AbortSignal;
  /** Further variables for an instance. */
  instanceEnvironment?(instance: string): Readonly<Record<string, string>>;
  /**
   * Called when members and database run and the preflight begins, which is waiting for the most part: time for what takes
   * the processor.
   */
  whileChecked?(): void;
  /** Told what is being done. */
  step?(text: string): void;
}

/**
 * Every process that it starts belongs to the supervisor, and ends with it at the latest. Disposing of the stack also
 * takes away what a run leaves in a database or a Toxiproxy that is not its own.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  options.step?.(`starting ${options.members} members and the database`);
  await mkdir(options.logs, { recursive: true });
  const grounded = groundOf(options);
  const database = databaseOf(options, grounded);
  try {
    return await startOn(grounded, database, options);
  } catch (error) {
    // Whatever it was that failed: nothing may still be starting while it is being stopped.
    const started = await Promise.allSettled([database, grounded]);
    for (const one of started) if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
    throw error;
  }
}

/** What members and links stand on. What is of Docker is loaded only when it is asked for. */
async function groundOf(options: StackOptions): Promise<Ground> {
  const { supervisor, images } = options;
  const cluster: ClusterOptions = {
    members: options.members,
    etcdVersion: options.etcd.version,
    folder: options.logs,
    ...options.tuning,
    seed: options.seed,
    signal: options.signal,
  };
  if (images) {
    const { startDockerGround } = await import('./cluster/docker/docker-ground.ts');
    return await startDockerGround({
      ...{ supervisor, images, cluster },
      linksToMembers: options.instances * options.members,
    });
  }
  if (options.external) {
    const { startExternalGround } = await import('./cluster/external/external-ground.ts');
    const { network, leave } = await linksOf(options);
    const ground = await startExternalGround(options.external, network);
    return {
      ...ground,
      async [Symbol.asyncDispose]() {
        await ground[Symbol.asyncDispose]();
        await leave();
      },
    };
  }
  const router = routerOf({ supervisor, members: options.members, folder: options.logs });
  // Told to whoever waits for it; without a network nobody does.
  router.catch(() => {});
  const { network, leave } = await linksOf(options);
  return {
    network,
    startCluster: () => startLocalCluster({ ...cluster, supervisor, network, router, etcd: options.etcd }),
    [Symbol.asyncDispose]: leave,
  };
}

/** The network of the run's links, and what takes them away at its end. */
async function linksOf(
  options: StackOptions,
): Promise<{ readonly network: Network; leave(): Promise<void> }> {
  const lasting = options.toxiproxy?.kind === 'server';
  const network = await createNetwork({
    toxiproxyUrl: await toxiproxyOf(options),
    ...(lasting && { made: new MadeProxies(await madeProxiesFolder(options.supervisor)) }),
    ...(options.external?.peers && { adopted: options.external.peers }),
  });
  return {
    network,
    async leave() {
      // What is the run's own ends with the supervisor, and everything in it.
      if (lasting) await network[Symbol.asyncDispose]();
    },
  };
}

/** Where its API is. */
async function toxiproxyOf({ supervisor, toxiproxy, seed, logs }: StackOptions): Promise<string> {
  const logPath = join(logs, 'toxiproxy.log');
  if (toxiproxy?.kind === 'server') return toxiproxy.url;
  if (toxiproxy?.kind === 'program')
    return (await startOriginal({ supervisor, path: toxiproxy.path, logPath })).url;
  return (await startToxiproxy({ supervisor, seed, logPath })).url;
}

/** Only its replica has to wait for the network. */
function databaseOf(options: StackOptions, grounded: Promise<Ground>): Promise<Database> {
  if (options.databaseUrl !== undefined) return connectExternalDatabase({ primaryUrl: options.databaseUrl });
  return startLocalDatabase({
    supervisor: options.supervisor,
    folder: options.logs,
    replica: true,
    async replicationLink(primary) {
      const { network } = await grounded;
      return (await network.add({ from: 'replica', to: 'primary', upstream: primary })).listen;
    },
  });
}

async function startOn(
  grounded: Promise<Ground>,
  starting: Promise<Database>,
  options: StackOptions,
): Promise<Stack> {
  const { supervisor, logs, seed, signal, step = () => {} } = options;
  // Told below; it may fail while what members stand on is still awaited.
  starting.catch(() => {});
  const ground = await grounded;
  const { network } = ground;
  signal.throwIfAborted();

  const [cluster, database] = await allOrNone([ground.startCluster(), starting]);
  signal.throwIfAborted();
  options.whileChecked?.();
  // It cuts members off, and a service's life should begin on a healthy cluster: until then the services only load.
  const { external } = options;
  if (!external || external.peers) step('preflight: is every link between members in the way?');
  const checked = proved(external, { cluster, network, signal }).then(() => {
    signal.throwIfAborted();
    step(`starting ${options.instances} instances`);
  });
  const names = Array.from({ length: options.instances }, (_, i) => `s${i + 1}`);
  const [, ...instances] = await allOrNone([
    checked,
    ...names.map(async (name, i) => {
      const link = async (to: string, upstream: string) =>
        (await network.add({ from: name, to, upstream })).listen;
      const etcd = await Promise.all(
        cluster.members.map(async (m) => ({
          member: m.name,
          address: await link(m.name, m.upstream ?? m.clientAddress),
        })),
      );
      const primary = await link('primary', database.primary.address);
      const replica = database.replica && (await link('replica', database.replica.address));
      return startInstance({
        supervisor,
        name,
        strategy: options.strategy,
        etcd,
        primaryUrl: database.throughUrl('primary', primary),
        replicaUrl: replica === undefined ? undefined : database.throughUrl('replica', replica),
        dataFolder: await supervisor.temporaryFolder(name),
        logPath: join(logs, `${name}.log`),
        timeScale: options.timeScale,
        seed: seed + i,
        environment: { ...ground.environment, ...options.instanceEnvironment?.(name) },
        opens: checked,
        signal,
      });
    }),
  ]);
  return {
    network,
    cluster,
    database,
    instances,
    async [Symbol.asyncDispose]() {
      // Services first: they would go on writing.
      await Promise.all(instances.map((instance) => instance.stop()));
      await Promise.all([database[Symbol.asyncDispose](), cluster[Symbol.asyncDispose]()]);
      await ground[Symbol.asyncDispose]();
    },
  };
}

async function proved(
  external: ExternalPlace | undefined,
  checked: { readonly cluster: Cluster; readonly network: Network; readonly signal: AbortSignal },
): Promise<void> {
  if (!external) return await preflight(checked);
  if (external.peers) {
    const { peerPreflight } = await import('./cluster/external/peer-preflight.ts');
    return await peerPreflight(checked);
  }
  // The links between members that are somebody else's are not the run's; that they have a leader is asked.
  await checked.cluster.leader({ signal: checked.signal });
}

/**
 * Promise.all, but it waits for the others when one fails, so that nothing is still starting while it is being
 * stopped; then throws the first failure.
 */
async function allOrNone<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const settled: readonly PromiseSettledResult<unknown>[] = await Promise.allSettled(promises);
  return settled.map((s) => {
    if (s.status === 'rejected') throw s.reason;
    return s.value;
  }) as unknown as T;
}
