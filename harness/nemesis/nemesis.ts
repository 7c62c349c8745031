import type { Cluster } from '../cluster/cluster.ts';
import type { Database } from '../database/database.ts';
import type { Network } from '../network/network.ts';
import type { Random } from '../random.ts';
import type { Instance } from '../service/instance.ts';

/** A Nemesis injects one kind of fault and always heals it. */
export interface Nemesis {
  readonly name: string;
  /** What it does, in a few words, for lists. */
  readonly summary: string;
  /** What it strikes: the members and what is between them, unless told otherwise. */
  readonly strikes?: Struck;
  /** How many members cannot do their part while it is in force: one, unless told otherwise; none if it strikes others. */
  readonly breaks?: Breaks;
  /** What not every runtime has. */
  readonly needs?: 'membership' | 'disks';
  /** Links are all that it touches. */
  readonly linksOnly?: true;
  /** Healing starts a program and waits for it, which takes a second or two. */
  readonly healsByStarting?: boolean;
  /** What it was made with, as a schedule's file says it. */
  readonly options?: NemesisOptions;
  /** Why it cannot be done on this machine; a step with it is then left out, and told. Undefined where it can. */
  unavailable?(): Promise<string | undefined>;
  /** Resolves once the fault is in force. Whatever it did before throwing, `heal` of the result undoes. */
  inject(world: World): Promise<Injected>;
}

/** `store` is what etcd keeps: revisions, leases, watches, space. */
export type Struck = 'instances' | 'instance links' | 'database' | 'database links' | 'store';
export type Breaks = 'none' | 'one' | 'minority' | 'majority';
export type NemesisOptions = Readonly<Record<string, string | number>>;

/** An upper bound: of so many members the nemesis keeps at most these from their part. */
export function brokenMembers({ strikes, breaks }: Nemesis, members: number): number {
  if (strikes !== undefined) return 0;
  return { none: 0, one: 1, minority: largestMinority(members), majority: members }[breaks ?? 'one'];
}

/** 1 of 3, 2 of 5, 3 of 7: the others can do without them. */
export function largestMinority(members: number): number {
  return Math.floor((members - 1) / 2);
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
  /** Where there is one. */
  readonly database?: Database;
  readonly random: Random;
  readonly signal: AbortSignal;
}
