/**
 * A Link is the one-way TCP path from one party to another; each is one Toxiproxy proxy. Parties are members
 * ('m1'), service instances ('s1') and databases ('primary', 'replica').
 */
export interface Link {
  readonly from: string;
  readonly to: string;
  /** Toxiproxy's name of it: 'm1->m2', in paths 'm1-%3Em2' (URL and fetch encode it by themselves); an adopted one's is its own. */
  readonly proxy: string;
  /** Where `from` connects: '127.0.0.1:port'; an address of its own network where it is in a container. */
  readonly listen: string;
  readonly upstream: string;
}

/** reject: refused and reset. blackhole: bytes vanish, connections die at heal. hold: stalled, delivered at heal. */
export type Flavour = 'reject' | 'blackhole' | 'hold';

/** What a link may do worse than take its time. */
export type Impairment =
  /** 1 KB is 1,000 bytes. */
  | { readonly kind: 'thin'; readonly kilobytesPerSecond: number }
  /** Cuts what passes into slices of averageBytes +/- variationBytes, delayMicros apart. */
  | {
      readonly kind: 'sliced';
      readonly averageBytes: number;
      readonly variationBytes: number;
      readonly delayMicros: number;
    }
  /** The end of a connection takes so much longer than its bytes. */
  | { readonly kind: 'slow-close'; readonly delayMs: number };

/** A Network is all links of a run, driven only through Toxiproxy's HTTP API. */
export interface Network extends AsyncDisposable {
  readonly links: readonly Link[];
  /** Whether `traffic` tells bytes while connections live; the original Toxiproxy tells them once a connection has ended. */
  readonly countsLive: boolean;
  /** Throws when there is no such link. */
  link(from: string, to: string): Link;
  /** Adds a link and returns it once it accepts connections. */
  add(link: { from: string; to: string; upstream: string }): Promise<Link>;
  /**
   * Cuts the given links, both streams of each. Resolves when it is in force, also on connections that are open. Cuts may
   * overlap: healing one leaves the others in force.
   */
  cut(links: readonly Link[], flavour: Flavour): Promise<Cut>;
  /**
   * Stops the messages from one member to another and only those (FACTS: raft streams are dialled by the receiver,
   * so messages a -> b travel downstream on link b->a, and upstream on link a->b).
   */
  cutMessages(from: string, to: string, flavour: Exclude<Flavour, 'reject'>): Promise<Cut>;
  /** Delays each stream of each link by latencyMs +/- jitterMs, so a round trip takes twice that longer. Whole numbers. */
  slow(links: readonly Link[], by: { latencyMs: number; jitterMs: number }): Promise<Cut>;
  /** Impairs each stream of each link; what is in force at the same time adds up. Whole numbers. */
  impair(links: readonly Link[], by: Impairment): Promise<Cut>;
  /** Removes every toxic of every link, of an adopted one only its own, enables every link; what else is there is not touched. */
  reset(): Promise<void>;
  /** A way for the harness itself to a link whose `listen` is not an address of this machine; it ends with its scope. */
  wayTo?(link: Link): Promise<({ readonly address: string } & AsyncDisposable) | undefined>;
  /** Bytes that each link received so far from either side. */
  traffic(): Promise<ReadonlyMap<string, { upstreamBytes: number; downstreamBytes: number }>>;
}

/** A Cut is a change to links that can be undone. Undoing twice is harmless; an undoing that failed can be tried again. */
export interface Cut {
  heal(): Promise<void>;
}
