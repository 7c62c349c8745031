import type { Cluster } from '../cluster/cluster.ts';
import type { Network } from '../network/network.ts';
import type { Random } from '../random.ts';
import type { Instance } from '../service/instance.ts';

/** A Nemesis injects one kind of fault and always heals it. */
export interface Nemesis {
  readonly name: string;
  /** What it does, in a few words, for lists. */
  readonly summary: string;
  /** What it strikes: the members and what is between them, unless told otherwise. */
  readonly strikes?: 'instances';
  /** Resolves once the fault is in force. Whatever it did before throwing, `heal` of the result undoes. */
  inject(world: World): Promise<Injected>;
}

/** An Injected is a fault in force. `heal` may be called twice and must leave nothing. */
export interface Injected {
  /** A plain sentence for the report: who was cut off from whom, how. */
  readonly sentence: string;
  readonly targets: readonly string[];
  heal(): Promise<void>;
}

/** A World is what a nemesis may touch. */
export interface World {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly instances: readonly Instance[];
  readonly random: Random;
  readonly signal: AbortSignal;
}
