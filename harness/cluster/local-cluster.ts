import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { Link, Network } from '../network/network.ts';
import { freePort } from '../process/free-port.ts';
import type { Supervisor } from '../process/supervisor.ts';
import type { Cluster } from './cluster.ts';
import { type ClusterOptions, etcdArguments, memberNames } from './cluster-options.ts';
import { disksOf } from './disks.ts';
import { archEnvironment } from './etcd-program.ts';
import { LocalMember } from './local-member.ts';
import { membershipOf } from './membership.ts';
import { writePeerCertificate } from './peer-certificate.ts';
import { type Route, type Router, startRouter } from './router.ts';
import { orderedPairs, startedCluster, startTogether } from './started-cluster.ts';
import { checkedTuning } from './tuning.ts';

export interface LocalClusterOptions extends ClusterOptions {
  readonly supervisor: Supervisor;
  /** Gets one link for each ordered pair of members, `m1->m2`. */
  readonly network: Network;
  readonly etcd: { readonly path: string; readonly version: string };
  /** From `routerOf`, where it was started before there was a network. The cluster's own from then on. */
  readonly router?: Promise<Router>;
}

/** Starts the router of such a cluster, which needs nothing but the members' names; one more may join them. */
export function routerOf({
  supervisor,
  members,
  folder,
}: Pick<LocalClusterOptions, 'supervisor' | 'members' | 'folder'>): Promise<Router> {
  const names = memberNames(members);
  return startRouter({ supervisor, members: [...names, spareOf(names)], folder });
}

function spareOf(names: readonly string[]): string {
  return `m${names.length + 1}`;
}

/**
 * Starts members as processes of this machine that reach each other only through links: they know their peers by
 * made-up addresses (https://192.0.2.2:2380), which only the router can reach, and it reaches them through the links.
 *
 *     m1 --HTTPS_PROXY--> router --> link m1->m2 --> m2's peer port
 *
 * Resolves when every member answers a linearizable read. Throws MemberNotReady, and leaves nothing running.
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<Cluster> {
  const { supervisor, network, folder } = options;
  const names = memberNames(options.members);
  const spareName = spareOf(names);
  checkedTuning(options);
  await mkdir(folder, { recursive: true });

  // No keep-alive: a connection kept to a member that was killed would make its first answer look like a failure.
  const agent = new Agent({ pipelining: 0 });
  /** The spare, too, once there is one. */
  const members: LocalMember[] = [];
  let router: Router | undefined;
  let routes: Route[] = [];
  async function stopAll(): Promise<void> {
    await Promise.all(members.map((member) => member.stop()));
    await router?.[Symbol.asyncDispose]();
    await agent.destroy();
  }

  const linkBetween = ([from, to]: readonly [Place, Place]) =>
    network.add({ from: from.name, to: to.name, upstream: `127.0.0.1:${to.peerPort}` });

  async function memberAt(
    { name, peerPort, clientPort }: Place,
    all: readonly Place[],
  ): Promise<LocalMember> {
    const dataFolder = await supervisor.temporaryFolder(`${name}-data`);
    await writePeerCertificate(dataFolder);
    return new LocalMember({
      name,
      supervisor,
      agent,
      command: options.etcd.path,
      clientAddress: `127.0.0.1:${clientPort}`,
      logPath: join(folder, `${name}.log`),
      dataFolder,
      peerUrl: `https://${peerAuthority(name)}`,
      args: etcdArguments(
        { ...options, etcdVersion: options.etcd.version },
        {
          name,
          dataFolder,
          listenPeerUrl: `https://127.0.0.1:${peerPort}`,
          advertisePeerUrl: `https://${peerAuthority(name)}`,
          initialCluster: all.map((one) => `${one.name}=https://${peerAuthority(one.name)}`).join(','),
          listenClientUrl: `http://127.0.0.1:${clientPort}`,
        },
      ),
      environment: memberEnvironment(router!.proxyUrl(name)),
      readyTimeoutMs: options.readyTimeoutMs ?? 20_000,
    });
  }

  async function spareBeside(places: readonly Place[]): Promise<LocalMember> {
    const place = await placeOf(spareName);
    const pairs = orderedPairs([...places, place]).filter((pair) => pair.includes(place));
    const links = await Promise.all(pairs.map((pair) => linkBetween(pair)));
    routes = [...routes, ...links.map(routeOver)];
    await router!.route(routes);
    const member = await memberAt(place, [...places, place]);
    members.push(member);
    return member;
  }

  try {
    const places = await Promise.all(names.map(placeOf));
    const [startedRouter, links] = await Promise.allSettled([
      options.router ?? routerOf(options),
      Promise.all(orderedPairs(places).map((pair) => linkBetween(pair))),
    ]);
    if (startedRouter.status === 'rejected') throw startedRouter.reason;
    router = startedRouter.value;
    if (links.status === 'rejected') throw links.reason;
    routes = links.value.map(routeOver);
    await router.route(
      routes.map((route) => ({
        ...route,
        // A new member asks each peer, one after the other, whether the cluster exists already. A peer that
        // listens but does not serve yet leaves it hanging for a second each: 2 s for 3 members that start
        // together, 4 s for 5. Refused, it goes on at once, as it does when it is the first to start.
        refusals: 1,
      })),
    );
    for (const place of places) members.push(await memberAt(place, places));
    await startTogether(members, options.signal);
    return await startedCluster({
      members: [...members],
      agent,
      stop: stopAll,
      disks: disksOf(supervisor, [...members]),
      membership: (nameOfId) =>
        membershipOf({ members: [...members], nameOfId, spare: () => spareBeside(places) }),
    });
  } catch (error) {
    await stopAll();
    throw error;
  }
}

interface Place {
  readonly name: string;
  readonly peerPort: number;
  readonly clientPort: number;
}

async function placeOf(name: string): Promise<Place> {
  return { name, peerPort: await freePort(), clientPort: await freePort() };
}

function routeOver({ from, to, listen }: Link): Route {
  return { from, authority: peerAuthority(to), address: listen };
}

/**
 * Of a network that is set aside for examples (RFC 5737) and routed nowhere: whoever reaches it went through the router.
 * An address, because a member that joins a cluster compares its peers' URLs by what they resolve to, and refuses names
 * that no resolver knows.
 */
function peerAuthority(member: string): string {
  return `192.0.2.${member.slice(1)}:2380`;
}

function memberEnvironment(proxyUrl: string): Record<string, string | undefined> {
  // etcd takes every flag from ETCD_* too; what the user has set for another etcd is not for these.
  const cleared = Object.keys(process.env).filter((key) => key.startsWith('ETCD_'));
  // The member's own JSON gateway dials its client port, which is no link.
  const noProxy = '127.0.0.1,localhost,0.0.0.0,::';
  return {
    ...Object.fromEntries(cleared.map((key) => [key, undefined])),
    ...archEnvironment,
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  };
}
