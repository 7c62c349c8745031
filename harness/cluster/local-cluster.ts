import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { Network } from '../network/network.ts';
import { freePort } from '../process/free-port.ts';
import type { Supervisor } from '../process/supervisor.ts';
import type { Cluster, Member, MemberStatus } from './cluster.ts';
import { archEnvironment } from './etcd-program.ts';
import { findLeader } from './leader.ts';
import { LocalMember } from './local-member.ts';
import { memberId, memberStatus } from './member-status.ts';
import { type Router, startRouter } from './router.ts';
import { type Tuning, tuningArguments } from './tuning.ts';

export interface LocalClusterOptions extends Tuning {
  readonly supervisor: Supervisor;
  /** Gets one link for each ordered pair of members, `m1->m2`. */
  readonly network: Network;
  readonly etcd: { readonly path: string; readonly version: string };
  readonly members: 1 | 3 | 5 | 7;
  /** Logs go here and are kept. */
  readonly folder: string;
  /** Member ids follow from it. */
  readonly seed?: number;
  readonly extraArgs?: readonly string[];
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Starts members as processes of this machine that reach each other only through links: they know their peers by
 * made-up names (https://m2.peer:2380), which only the router can reach, and it reaches them through the links.
 *
 *     m1 --HTTPS_PROXY--> router --> link m1->m2 --> m2's peer port
 *
 * Resolves when every member answers a linearizable read. Throws MemberNotReady, and leaves nothing running.
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<Cluster> {
  const { supervisor, network, folder } = options;
  if (![1, 3, 5, 7].includes(options.members))
    throw new RangeError(`members should be 1, 3, 5 or 7, got ${options.members}`);
  const tuned = tuningArguments(options);
  await mkdir(folder, { recursive: true });

  const names = Array.from({ length: options.members }, (_, index) => `m${index + 1}`);
  // No keep-alive: a connection kept to a member that was killed would make its first answer look like a failure.
  const agent = new Agent({ pipelining: 0 });
  const members: LocalMember[] = [];
  let router: Router | undefined;
  async function stopAll(): Promise<void> {
    await Promise.all(members.map((member) => member.stop()));
    await router?.[Symbol.asyncDispose]();
    await agent.destroy();
  }

  try {
    const places = await Promise.all(
      names.map(async (name) => ({ name, peerPort: await freePort(), clientPort: await freePort() })),
    );
    const [startedRouter, links] = await Promise.allSettled([
      startRouter({ supervisor, members: names, folder }),
      Promise.all(
        orderedPairs(places).map(([from, to]) =>
          network.add({ from: from.name, to: to.name, upstream: `127.0.0.1:${to.peerPort}` }),
        ),
      ),
    ]);
    if (startedRouter.status === 'rejected') throw startedRouter.reason;
    router = startedRouter.value;
    if (links.status === 'rejected') throw links.reason;
    await router.route(
      links.value.map((link) => ({
        from: link.from,
        authority: peerAuthority(link.to),
        address: link.listen,
        // A new member asks each peer, one after the other, whether the cluster exists already. A peer that
        // listens but does not serve yet leaves it hanging for a second each: 2 s for 3 members that start
        // together, 4 s for 5. Refused, it goes on at once, as it does when it is the first to start.
        refusals: 1,
      })),
    );
    const initialCluster = names.map((name) => `${name}=https://${peerAuthority(name)}`).join(',');
    for (const { name, peerPort, clientPort } of places) {
      const dataFolder = await supervisor.temporaryFolder(`${name}-data`);
      members.push(
        new LocalMember({
          name,
          supervisor,
          agent,
          command: options.etcd.path,
          clientAddress: `127.0.0.1:${clientPort}`,
          logPath: join(folder, `${name}.log`),
          args: [
            ...['--name', name, '--data-dir', dataFolder],
            ...['--listen-peer-urls', `https://127.0.0.1:${peerPort}`],
            ...['--initial-advertise-peer-urls', `https://${peerAuthority(name)}`],
            ...['--initial-cluster', initialCluster, '--initial-cluster-state', 'new'],
            ...['--initial-cluster-token', `faultline-${options.seed ?? 0}`],
            ...['--listen-client-urls', `http://127.0.0.1:${clientPort}`],
            ...['--advertise-client-urls', `http://127.0.0.1:${clientPort}`],
            // TLS, because members panic on spliced plaintext messages (etcd-io/etcd#15595), and because only
            // connections over TLS go through CONNECT.
            '--peer-auto-tls',
            ...tuned,
            ...['--logger', 'zap'],
            ...(options.extraArgs ?? []),
          ],
          environment: memberEnvironment(router.proxyUrl(name)),
          readyTimeoutMs: options.readyTimeoutMs ?? 20_000,
        }),
      );
    }
    await startTogether(members, options.signal);
    const nameOfId = new Map<string, string>();
    await Promise.all(
      members.map(async (member) => {
        nameOfId.set(await memberId(member, { agent, timeoutMs: 5_000 }), member.name);
      }),
    );
    return new LocalCluster(members, agent, nameOfId, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** All at once, since each waits for its peers. The first that fails ends the wait for the others. */
async function startTogether(members: readonly LocalMember[], signal?: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const started = members.map((member) => member.start({ signal: either }));
  try {
    await Promise.all(started);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(started);
    throw error;
  }
}

function orderedPairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((a) => items.filter((b) => b !== a).map((b): [T, T] => [a, b]));
}

class LocalCluster implements Cluster {
  readonly members: readonly Member[];
  readonly #agent: Agent;
  /** Ids exceed 2^53 and so are strings. */
  readonly #nameOfId: ReadonlyMap<string, string>;
  readonly #stopAll: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  constructor(
    members: readonly Member[],
    agent: Agent,
    nameOfId: ReadonlyMap<string, string>,
    stopAll: () => Promise<void>,
  ) {
    this.members = members;
    this.#agent = agent;
    this.#nameOfId = nameOfId;
    this.#stopAll = stopAll;
  }

  member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found) return found;
    const names = this.members.map((member) => member.name).join(', ');
    throw new RangeError(`there is no member ${name}; there are ${names}`);
  }

  status(options: { timeoutMs?: number } = {}): Promise<readonly MemberStatus[]> {
    const asked = { agent: this.#agent, timeoutMs: options.timeoutMs ?? 1_000 };
    return Promise.all(this.members.map((member) => memberStatus(member, this.#nameOfId, asked)));
  }

  leader(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Member> {
    return findLeader(this, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }
}

/** A name that no resolver knows: whoever reaches it went through the router. */
function peerAuthority(member: string): string {
  return `${member}.peer:2380`;
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
