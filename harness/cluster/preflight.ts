import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Link, Network } from '../network/network.ts';
import type { Cluster, MemberStatus } from './cluster.ts';
import { agreedLeader, sentence } from './leader.ts';
import { linearizableRead, memberId } from './member-status.ts';
import { type Identified, peerTraffic } from './peer-traffic.ts';
import { type Pair, Silence } from './silence.ts';

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
 * 1. *Carried*: through each link bytes have gone in both directions. Its member dials through it.
 * 2. *Aimed*: holding the links of one member, by name, stops what the leader sends to that member and nothing
 *    else; each member in turn, too short for an election.
 * 3. *Cut*: with all links cut (blackhole), for each ordered pair what one member sends does not arrive at the other;
 *    every member loses its leader; no linearizable read is answered, whichever member is asked.
 * 4. *Healed*: after the heal bytes pass each link again in both directions, all agree on a leader, and each member
 *    answers a linearizable read.
 *
 * It does not prove that links between two followers are told apart from each other (they are silent while nothing
 * is wrong, so that step 2 sees the leader's links only; a member that dialled through the links of another would be
 * noticed when the leader is one of the two), that reject cuts, one-way cuts or slow links work (Toxiproxy's contract
 * suite does), nor anything of the links of services and databases.
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
    const check = new Preflight(cluster, network, members, agent, options);
    await check.carried();
    for (const member of members) await check.aimed(member.name);
    await check.cutAndHealed();
  } finally {
    await agent.destroy();
  }
}

class Preflight {
  readonly #cluster: Cluster;
  readonly #network: Network;
  readonly #members: readonly Identified[];
  readonly #agent: Agent;
  readonly #stepTimeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #pairs: readonly Pair[];
  readonly #links: readonly Link[];

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
    await this.#moved('carried', new Map(), 'carried no bytes in both directions: nothing dials through it');
  }

  /** Holds the links of one member. */
  async aimed(name: string): Promise<void> {
    const links = this.#links.filter((link) => link.from === name || link.to === name);
    for (let attempt = 1; ; attempt++) {
      const leader = await this.#agreed('aimed');
      const fromLeader = this.#pairs.filter((pair) => pair.from === leader.name);
      // Held back from the leader, it is held back from all; what the others get from the leader goes on.
      const silent = fromLeader.filter((pair) => pair.to === name || leader.name === name);
      const talking = fromLeader.filter((pair) => !silent.includes(pair));
      const silence = new Silence(fromLeader);
      const hold = await this.#network.cut(links, 'hold');
      let left: readonly Pair[] = fromLeader;
      try {
        await this.#sample(silence, () => {
          left = [...silence.notSilent(silent), ...silence.notTalking(talking)];
          return left.length === 0;
        });
      } finally {
        await hold.heal();
      }
      if (left.length === 0) return;
      // An election in between changes who talks to whom; that it goes on failing would be another matter.
      const now = agreedLeader(await this.#cluster.status());
      if (attempt < 3 && (now?.name !== leader.name || now.term !== leader.term)) continue;
      const notSilent = left.filter((pair) => silent.includes(pair));
      throw new PreflightFailed(
        'aimed',
        left.map(arrow),
        notSilent.length > 0
          ? `the links of ${name} were held, but the messages ${notSilent.map(arrow).join(', ')} still arrived`
          : `the links of ${name} were held, and the messages ${left.map(arrow).join(', ')} stopped as well`,
      );
    }
  }

  async cutAndHealed(): Promise<void> {
    const silence = new Silence(this.#pairs);
    const cut = await this.#network.cut(this.#links, 'blackhole');
    let traffic: Traffic;
    try {
      const stop = new AbortController();
      const reads = this.#readsThrough(stop.signal);
      let statuses: readonly MemberStatus[] = [];
      const led = () => statuses.filter((status) => !status.reachable || status.leader !== null);
      try {
        const done = await this.#sample(silence, async () => {
          statuses = await this.#cluster.status({ timeoutMs: 500 });
          return led().length === 0 && silence.notSilent(this.#pairs).length === 0;
        });
        if (!done) throw this.#notCut(silence.notSilent(this.#pairs), led());
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
      traffic = await this.#network.traffic();
    } finally {
      await cut.heal();
    }
    await this.#moved('healed', traffic, 'carries no bytes in both directions after the heal');
    await this.#agreed('healed');
    await this.#allRead();
  }

  #notCut(pairs: readonly Pair[], led: readonly MemberStatus[]): PreflightFailed {
    const problems = [
      ...(pairs.length > 0
        ? [`all links were cut, but ${pairs.map(arrow).join(', ')} did not fall silent`]
        : []),
      ...led.map((status) => `cut off from all others, ${sentence(status)}`),
    ];
    const culprits = [...pairs.map(arrow), ...led.map((status) => status.member)];
    return new PreflightFailed('cut', culprits, problems.join('; '));
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

  /** Waits until bytes have passed each link in both directions since the given counts. */
  async #moved(step: string, since: Traffic, problem: string): Promise<void> {
    let still: readonly Link[] = this.#links;
    const moved = await this.#until(async () => {
      const now = await this.#network.traffic();
      still = still.filter((link) => {
        const before = since.get(link.proxy) ?? { upstreamBytes: 0, downstreamBytes: 0 };
        const after = now.get(link.proxy) ?? before;
        return !(
          after.upstreamBytes > before.upstreamBytes && after.downstreamBytes > before.downstreamBytes
        );
      });
      return still.length === 0;
    });
    if (moved) return;
    const names = still.map((link) => link.proxy);
    throw new PreflightFailed(step, names, `${names.join(', ')} ${problem}`);
  }

  /** Waits until all members name one leader in one term. */
  async #agreed(step: string): Promise<{ name: string; term: number }> {
    let statuses: readonly MemberStatus[] = [];
    let leader: { name: string; term: number } | null = null;
    const agreed = await this.#until(async () => {
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

  async #sample(silence: Silence, done: () => boolean | Promise<boolean>): Promise<boolean> {
    return this.#until(async () => {
      const atMs = performance.now();
      silence.add(await peerTraffic(this.#members, { agent: this.#agent, timeoutMs: 2_000 }), atMs);
      return done();
    });
  }

  /** False when the step's time was over first. */
  async #until(done: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + this.#stepTimeoutMs;
    for (;;) {
      this.#signal?.throwIfAborted();
      if (await done()) return true;
      if (performance.now() >= deadline) return false;
      await sleep(25, undefined, { signal: this.#signal });
    }
  }
}

type Traffic = ReadonlyMap<string, { upstreamBytes: number; downstreamBytes: number }>;

function arrow(pair: Pair): string {
  return `${pair.from} -> ${pair.to}`;
}
