import type { Cut, Flavour, Impairment, Link, Network } from './network.ts';

/**
 * A SplitNetwork is one network over two Toxiproxies: one that stands among the members, and one on this machine for
 * everything else (services and replica to databases).
 */
export class SplitNetwork implements Network {
  readonly #among: Network;
  readonly #outside: Network;
  readonly #members: ReadonlySet<string>;
  readonly #wayTo: NonNullable<Network['wayTo']>;

  constructor(options: {
    readonly among: Network;
    readonly outside: Network;
    readonly members: readonly string[];
    wayTo: NonNullable<Network['wayTo']>;
  }) {
    this.#among = options.among;
    this.#outside = options.outside;
    this.#members = new Set(options.members);
    this.#wayTo = options.wayTo;
  }

  get countsLive(): boolean {
    return this.#among.countsLive && this.#outside.countsLive;
  }

  get links(): readonly Link[] {
    return [...this.#among.links, ...this.#outside.links];
  }

  link(from: string, to: string): Link {
    return this.#at(to).link(from, to);
  }

  add(link: { from: string; to: string; upstream: string }): Promise<Link> {
    return this.#at(link.to).add(link);
  }

  cut(links: readonly Link[], flavour: Flavour): Promise<Cut> {
    return this.#onEach(links, (network, some) => network.cut(some, flavour));
  }

  cutMessages(from: string, to: string, flavour: Exclude<Flavour, 'reject'>): Promise<Cut> {
    return this.#among.cutMessages(from, to, flavour);
  }

  slow(links: readonly Link[], by: { latencyMs: number; jitterMs: number }): Promise<Cut> {
    return this.#onEach(links, (network, some) => network.slow(some, by));
  }

  impair(links: readonly Link[], by: Impairment): Promise<Cut> {
    return this.#onEach(links, (network, some) => network.impair(some, by));
  }

  async reset(): Promise<void> {
    await Promise.all([this.#among.reset(), this.#outside.reset()]);
  }

  async traffic(): Promise<ReadonlyMap<string, { upstreamBytes: number; downstreamBytes: number }>> {
    const [among, outside] = await Promise.all([this.#among.traffic(), this.#outside.traffic()]);
    return new Map([...among, ...outside]);
  }

  wayTo(link: Link): ReturnType<NonNullable<Network['wayTo']>> {
    return this.#wayTo(link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#among[Symbol.asyncDispose](), this.#outside[Symbol.asyncDispose]()]);
  }

  #at(party: string): Network {
    return this.#members.has(party) ? this.#among : this.#outside;
  }

  /** In force on all links, or on none. */
  async #onEach(
    links: readonly Link[],
    change: (network: Network, links: readonly Link[]) => Promise<Cut>,
  ): Promise<Cut> {
    const parts = [this.#among, this.#outside].map((network) => ({
      network,
      links: links.filter((link) => this.#at(link.to) === network),
    }));
    const outcomes = await Promise.allSettled(
      parts.filter((part) => part.links.length > 0).map((part) => change(part.network, part.links)),
    );
    const cuts = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const heal = async () => {
      const healed = await Promise.allSettled(cuts.map((cut) => cut.heal()));
      for (const one of healed) if (one.status === 'rejected') throw one.reason;
    };
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return { heal };
    await heal();
    throw failed.reason;
  }
}
