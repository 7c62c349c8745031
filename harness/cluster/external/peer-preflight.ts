import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Link, Network } from '../../network/network.ts';
import type { Cluster, Member } from '../cluster.ts';
import { linearizableRead } from '../member-status.ts';
import { PreflightFailed } from '../preflight.ts';

/**
 * Proves, before any load, that the proxies which were named are in the way of what members say to each other. The members'
 * metrics, logs and certificates are not the run's, so that only what any client is told is asked; about 3 s a member.
 *
 * 1. *Cut*: with all links of one follower cut (blackhole) it answers no linearizable read, for which it would have to hear
 *    the leader, while all others do, meanwhile and through the leader: the names are those of its links and not of others'.
 *    Each member in turn but the one that leads.
 * 2. *Healed*: all members answer one again.
 * 3. *Carried*: through each proxy bytes have gone in both directions.
 */
export async function peerPreflight(options: {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { cluster, network, signal } = options;
  const agent = new Agent({ pipelining: 0 });
  const names = cluster.members.map(({ name }) => name);
  const links = network.links.filter(({ from, to }) => names.includes(from) && names.includes(to));
  const answers = async (member: Member, timeoutMs: number) =>
    (await linearizableRead(member, { agent, timeoutMs, ...(signal && { signal }) })).ok;
  const notAnswering = async (members: readonly Member[], withinMs: number) => {
    const found = await Promise.all(
      members.map((member) => until(withinMs, () => answers(member, Math.min(withinMs, 2_000)), signal)),
    );
    signal?.throwIfAborted();
    return members.filter((_, i) => !found[i]).map(({ name }) => name);
  };
  try {
    const waiting = new Set(names);
    for (;;) {
      const leader = await cluster.leader({ ...(signal && { signal }) });
      const name = [...waiting].find((one) => one !== leader.name);
      if (name === undefined) break;
      waiting.delete(name);
      const own = links.filter(({ from, to }) => from === name || to === name);
      const told = own.map(proxyOf).join(', ');
      const cut = await network.cut(own, 'blackhole');
      try {
        const others = cluster.members.filter((member) => member.name !== name);
        const [answered, silent] = await Promise.all([
          answers(cluster.member(name), cutMs),
          notAnswering(others, 5_000),
        ]);
        if (answered)
          throw new PreflightFailed(
            'cut',
            [name],
            `with all its links cut (${told}), ${name} should answer no linearizable read, but does: its peers reach it by another way than the proxies of --peer-proxies`,
          );
        if (silent.length > 0)
          throw new PreflightFailed(
            'cut',
            silent,
            `with only the links of ${name} cut (${told}), ${silent.join(', ')} should go on answering linearizable reads, but did not: --peer-proxies names other links' proxies`,
          );
      } finally {
        await cut.heal();
      }
      const silent = await notAnswering(cluster.members, 15_000);
      if (silent.length > 0)
        throw new PreflightFailed(
          'healed',
          silent,
          `${silent.join(', ')} should answer linearizable reads after the heal of ${told}, but did not within 15 s`,
        );
    }
    await carried(network, links, signal);
  } finally {
    await agent.destroy();
  }
}

/** A follower that hears its leader answers within a round trip or two; the others are seen to, meanwhile. */
const cutMs = 2_000;

/** Last, where the black holes have ended all connections: an original Toxiproxy counts them only then. */
async function carried(
  network: Network,
  links: readonly Link[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let idle = links;
  const moved = await until(
    5_000,
    async () => {
      const traffic = await network.traffic();
      idle = links.filter(({ proxy }) => {
        const { upstreamBytes = 0, downstreamBytes = 0 } = traffic.get(proxy) ?? {};
        return upstreamBytes === 0 || downstreamBytes === 0;
      });
      return idle.length === 0;
    },
    signal,
  );
  if (moved) return;
  const told = idle.map(proxyOf);
  throw new PreflightFailed(
    'carried',
    told,
    `${told.join(', ')} carried no bytes in both directions: nothing dials through it`,
  );
}

const proxyOf = ({ from, to, proxy }: Link): string => `${proxy} for ${from}->${to}`;

/** False when the time was over first. */
async function until(
  timeoutMs: number,
  done: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await done()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(50, undefined, { signal });
  }
}
