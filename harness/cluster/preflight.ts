import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Agent } from 'undici';
import type { Link, Network } from '../network/network.ts';
import type { Cluster, MemberStatus } from './cluster.ts';
import { Contrast } from './contrast.ts';
import { agreedLeader, sentence } from './leader.ts';
import { linearizableRead, memberId } from './member-status.ts';
import { arrived, arrow, type Identified, type Pair, type PeerTraffic, peerTraffic } from './peer-traffic.ts';

export interface PreflightOptions {
  readonly cluster: Cluster;
  readonly network: Network;
  /** For each of its steps; several election times of the cluster at least. */
  readonly stepTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A PreflightFailed names the links or members that are not as they should be: the harness' fault, not etcd's. */
export class PreflightFailed extends Error {
  override readonly name = 'PreflightFailed';
  constructor(
    readonly step: string,
    readonly culprits: readonly string[],
    problem: string,
  ) {
    super(`preflight, ${step}: ${problem}; a run on this network would prove nothing`);
  }
}

/**
 * Proves, before any load, that every peer link is in the way of its messages, that a cut stops them and that a heal
 * lets them pass again. Takes about 2.5 s for 3 members with short election times; a single member has no links.
 *
 * 0. *Isolated*: where members run in containers, the engine itself tells that none has a network in common with
 *    another, or one that leads out.
 * 1. *Carried*: through each link bytes have gone in both directions. Its member dials through it.
 *    Looked at last where a Toxiproxy counts only connections that have ended.
 * 2. *Aimed*: holding the links of one follower, by name, stops what the leader sends to it, while the others still
 *    hear the leader; each follower in turn, too short for an election.
 * 3. *Cut*: with all links cut (blackhole) every member loses its leader; until then the old leader goes on sending to
 *    all, and a follower that knows no leader has asked all for their votes: of none of that anything arrives, for any
 *    ordered pair; and no linearizable read is answered, whichever member is asked.
 * 4. *Healed*: after the heal a TLS handshake with the member at its end succeeds through each link, which takes both
 *    directions; all agree on a leader, and each member answers a linearizable read.
 *
 * It does not prove that links between two followers are told apart from each other (they are silent while nothing
 * is wrong, so that step 2 sees the leader's links only), that reject cuts, one-way cuts or slow links work (Toxiproxy's
 * contract suite does), nor anything of the links of services and databases.
 */
export async function preflight(options: PreflightOptions): Promise<void> {
  const { cluster, network } = options;
  if (cluster.members.length === 1) return;
  const agent = new Agent({ pipelining: 0 });
  try {
    const members = await Promise.all(
      cluster.members.map(async ({ name, clientAddress }) => ({
        name,
        clientAddress,
        id: await memberId({ name, clientAddress }, { agent, timeoutMs: 2_000 }),
      })),
    );
    const ways = (await cluster.waysAround?.()) ?? [];
    if (ways.length > 0) throw new PreflightFailed('isolated', [], ways.join('; '));
    const check = new Check(cluster, network, members, agent, options);
    if (network.countsLive) await check.carried();
    for (const member of members) await check.aimed(member.name);
    await check.cutAndHealed();
    // The black hole has ended all connections, so that what they carried is told by now.
    if (!network.countsLive) await check.carried();
  } finally {
    await agent.destroy();
  }
}

class Check {
  readonly #cluster: Cluster;
  readonly #network: Network;
  readonly #members: readonly Identified[];
  readonly #agent: Agent;
  readonly #stepTimeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #pairs: readonly Pair[];
  readonly #links: readonly Link[];
  #electionsForgiven = 0;

  constructor(
    cluster: Cluster,
    network: Network,
    members: readonly Identified[],
    agent: Agent,
    options: PreflightOptions,
  ) {
    this.#cluster = cluster;
    this.#network = network;
    this.#members = members;
    this.#agent = agent;
    this.#stepTimeoutMs = options.stepTimeoutMs ?? 10_000;
    this.#signal = options.signal;
    this.#pairs = members.flatMap(({ name: from }) =>
      members.filter(({ name }) => name !== from).map(({ name: to }) => ({ from, to })),
    );
    this.#links = this.#pairs.map(({ from, to }) => network.link(from, to));
  }

  async carried(): Promise<void> {
    let idle = this.#links;
    const moved = await this.#until(this.#stepTimeoutMs, async () => {
      const traffic = await this.#network.traffic();
      idle = idle.filter((link) => {
        const { upstreamBytes, downstreamBytes } = traffic.get(link.proxy) ?? noTraffic;
        return upstreamBytes === 0 || downstreamBytes === 0;
      });
      return idle.length === 0;
    });
    if (moved) return;
    const names = idle.map((link) => link.proxy);
    const problem = `${names.join(', ')} carried no bytes in both directions: nothing dials through it`;
    throw new PreflightFailed('carried', names, problem);
  }

  /** Holds the links of one member. The leader's own are those of the others to it. */
  async aimed(name: string): Promise<void> {
    const links = this.#links.filter((link) => link.from === name || link.to === name);
    for (;;) {
      const leader = await this.#agreed('aimed');
      const fromLeader = this.#pairs.filter((pair) => pair.from === leader.name);
      if (leader.name === name) return;
      const contrast = new Contrast({
        silent: fromLeader.filter((pair) => pair.to === name),
        talking: fromLeader.filter((pair) => pair.to !== name),
      });
      const hold = await this.#network.cut(links, 'hold');
      try {
        const shown = await this.#until(Math.min(2_500, this.#stepTimeoutMs), async () => {
          contrast.add(await this.#traffic());
          return contrast.shown;
        });
        if (shown) return;
      } finally {
        await hold.heal();
      }
      // An election while the machine was busy changes who talks to whom. A hold that stops more than it should leads
      // to elections too, until the member itself leads and is not looked at any more: hence only so many.
      const now = agreedLeader(await this.#cluster.status());
      const elected = now?.name !== leader.name || now.term !== leader.term;
      this.#electionsForgiven += 1;
      if (elected && this.#electionsForgiven <= this.#members.length - 2) continue;
      const { loud, stopped } = contrast.missing;
      const problem =
        loud.length > 0
          ? `the messages ${loud.map(arrow).join(', ')} still arrived`
          : `the messages ${stopped.map(arrow).join(', ')} stopped as well`;
      throw new PreflightFailed(
        'aimed',
        [...loud, ...stopped].map(arrow),
        `the links of ${name} were held, but ${problem}`,
      );
    }
  }

  async cutAndHealed(): Promise<void> {
    const cut = await this.#network.cut(this.#links, 'blackhole');
    try {
      const stop = new AbortController();
      const reads = this.#readsThrough(stop.signal);
      try {
        await this.#silentAndLeaderless();
      } finally {
        stop.abort();
      }
      const answered = await reads;
      if (answered.length > 0) {
        const who = answered.join(', ');
        throw new PreflightFailed(
          'cut',
          answered,
          `cut off from all others, ${who} answered a linearizable read`,
        );
      }
    } finally {
      await cut.heal();
    }
    await this.#allPass();
    await this.#agreed('healed');
    await this.#allRead();
  }

  async #silentAndLeaderless(): Promise<void> {
    // What was under way may arrive; the old leader goes on sending for an election time at least.
    await sleep(underWayMs, undefined, { signal: this.#signal });
    const before = await this.#traffic();
    let led: readonly MemberStatus[] = [];
    await this.#until(this.#stepTimeoutMs, async () => {
      const statuses = await this.#cluster.status({ timeoutMs: 500 });
      led = statuses.filter((status) => !status.reachable || status.leader !== null);
      return led.length === 0;
    });
    // The last to lose its leader has just asked for votes.
    await sleep(underWayMs, undefined, { signal: this.#signal });
    const loud = arrived(this.#pairs, before, await this.#traffic());
    if (loud.length === 0 && led.length === 0) return;
    const problems = [
      ...(loud.length > 0
        ? [`all links were cut, but the messages ${loud.map(arrow).join(', ')} arrived`]
        : []),
      ...led.map((status) => `cut off from all others, ${sentence(status)}`),
    ];
    const culprits = [...loud.map(arrow), ...led.map((status) => status.member)];
    throw new PreflightFailed('cut', culprits, problems.join('; '));
  }

  /** The members that answered a linearizable read before the signal. */
  async #readsThrough(signal: AbortSignal): Promise<string[]> {
    const asked = { agent: this.#agent, timeoutMs: this.#stepTimeoutMs, signal };
    const reads = this.#members.map(async (member) => ({
      member: member.name,
      answer: await linearizableRead(member, asked),
    }));
    return (await Promise.all(reads)).filter(({ answer }) => answer.ok).map(({ member }) => member);
  }

  async #allRead(): Promise<void> {
    const asked = { agent: this.#agent, timeoutMs: this.#stepTimeoutMs, signal: this.#signal };
    await Promise.all(
      this.#members.map(async (member) => {
        const answer = await linearizableRead(member, asked);
        if (answer.ok) return;
        this.#signal?.throwIfAborted();
        const problem = `${member.name} answers no linearizable read after the heal (${answer.reason})`;
        throw new PreflightFailed('healed', [member.name], problem);
      }),
    );
  }

  async #allPass(): Promise<void> {
    const passed = await Promise.all(
      this.#links.map(async (link) => {
        await using way = await this.#network.wayTo?.(link);
        return await handshake(way?.address ?? link.listen, this.#stepTimeoutMs);
      }),
    );
    this.#signal?.throwIfAborted();
    const stuck = this.#links.filter((_link, index) => !passed[index]).map((link) => link.proxy);
    if (stuck.length === 0) return;
    throw new PreflightFailed(
      'healed',
      stuck,
      `${stuck.join(', ')} lets no handshake through after the heal`,
    );
  }

  /** Waits until all members name one leader in one term. */
  async #agreed(step: string): Promise<{ name: string; term: number }> {
    let statuses: readonly MemberStatus[] = [];
    let leader: { name: string; term: number } | null = null;
    const agreed = await this.#until(this.#stepTimeoutMs, async () => {
      statuses = await this.#cluster.status({ timeoutMs: 500 });
      leader = agreedLeader(statuses);
      const { name, term } = leader ?? {};
      return leader !== null && statuses.every((s) => s.reachable && s.leader === name && s.term === term);
    });
    if (agreed && leader) return leader;
    throw new PreflightFailed(
      step,
      statuses.map((status) => status.member),
      `the members do not agree on a leader: ${statuses.map(sentence).join('; ')}`,
    );
  }

  #traffic(): Promise<PeerTraffic> {
    return peerTraffic(this.#members, { agent: this.#agent, timeoutMs: 2_000 });
  }

  /** False when the time was over first. */
  async #until(timeoutMs: number, done: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      this.#signal?.throwIfAborted();
      if (await done()) return true;
      if (performance.now() >= deadline) return false;
      await sleep(25, undefined, { signal: this.#signal });
    }
  }
}

/** Between processes of one machine a message takes a few milliseconds, tens while the machine is busy. */
const underWayMs = 200;

const noTraffic = { upstreamBytes: 0, downstreamBytes: 0 };

/** Whether the member at the link's end answers through it in time. */
function handshake(address: string, timeoutMs: number): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  return new Promise((resolve) => {
    // Its certificate is its own: who answers is of no interest, that somebody does is.
    const socket = connectTls({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      rejectUnauthorized: false,
    });
    const end = (passed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(passed);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.once('secureConnect', () => end(true));
    socket.on('error', () => end(false));
  });
}
