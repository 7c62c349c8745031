import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { defaultBudget } from '../checker/checker.ts';
import { storesAgree } from '../checker/stores-agree.ts';
import type { Clock } from '../clock.ts';
import type { Cluster, Member, MemberStatus } from '../cluster/cluster.ts';
import type { Database } from '../database/database.ts';
import type { MemberHash, Observation, StoreSeen } from '../history/observation.ts';
import type { Instance } from '../service/instance.ts';
import type { SharedValues } from '../service/strategy.ts';
import { askBelief } from './beliefs.ts';
import { seeLeases } from './lease-views.ts';
import { memberHash } from './member-hash.ts';
import { seeDatabase, seeEtcd } from './stores.ts';

export interface ObserverOptions {
  readonly cluster: Cluster;
  readonly instances: readonly Instance[];
  /** The prefix of the session keys, for a strategy that has leases. */
  readonly leaseKeys?: string | undefined;
  /** For a strategy that keeps its values in etcd and in the database. */
  readonly stores?: (SharedValues & { readonly database: Pick<Database, 'primary' | 'replica'> }) | undefined;
  readonly clock: Clock;
}

/** How often leases and beliefs are asked for; members tell their status to whoever watches the leader. */
const everyMs = 250;
const timeoutMs = 1_000;

/** A comparison of hashes is tried so often, so far apart. */
const hashTries = 5;
const hashAgainMs = 200;

/** What was acknowledged at the very end is given so long to be everywhere. */
const storesWithinMs = 10_000;
const storesAgainMs = 200;

/**
 * An Observer stands beside the instances and writes down what it sees of members and instances when it asks them
 * directly, never through a link that a fault can touch. What it costs is bounded: two small requests and one for each
 * lease every 250 ms where there are leases, and at the end a hash of each member's keys and what each store has.
 *
 *   members  <-- status (each 200 ms, the leader's watch) --+
 *   a member <-- session keys, time to live ----------------+--> observations
 *   each instance <-- what do you believe? -----------------+
 *   etcd, primary, replica <-- all values, in the end ------+
 */
export class Observer {
  readonly observations: Observation[] = [];
  readonly #options: ObserverOptions;
  readonly #agent = new Agent({ pipelining: 0 });
  readonly #stopping = new AbortController();
  readonly #loops: Promise<unknown>;
  #freshest: string | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
    const { leaseKeys, instances } = options;
    this.#loops =
      leaseKeys === undefined
        ? Promise.resolve()
        : Promise.all([
            this.#repeat(() => this.#seeLeases(leaseKeys)),
            // Each in a loop of its own: one that is paused must not keep the question to the others waiting.
            ...instances.map((instance) => this.#repeat(() => this.#askBelief(instance))),
          ]);
  }

  /** What all members said of themselves, asked and answered at these times. */
  sawMembers(statuses: readonly MemberStatus[], askedNs: number, answeredNs: number): void {
    let highest = 0;
    for (const status of statuses) {
      const { state } = this.#options.cluster.member(status.member).state;
      // etcd's revisions begin at 1: a 0 is an answer without one.
      const told = status.reachable && status.revision > 0 ? status : undefined;
      this.observations.push({
        kind: 'member',
        member: status.member,
        askedNs,
        answeredNs,
        process: state,
        ...(told !== undefined && { revision: told.revision }),
        ...(told?.id !== undefined && { id: told.id }),
      });
      if (told === undefined || told.revision <= highest) continue;
      highest = told.revision;
      this.#freshest = told.member;
    }
  }

  /** Ends the looking, and compares the members' keys if all is healed. Resolves within some seconds; once is enough. */
  async end({ compare }: { readonly compare: boolean }): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#loops;
    if (compare) {
      await this.#compareHashes();
      await this.#compareStores();
    }
    await this.#agent.destroy();
  }

  /** As of one revision that all have, again until all agree: what differs has to be seen more than once. */
  async #compareHashes(): Promise<void> {
    const { cluster, clock } = this.#options;
    // Of all keys, which takes a member a while where there are many: others use it, too.
    if (cluster.members.some(({ gateway }) => gateway !== undefined)) return;
    let revision: number | undefined;
    for (let tries = 0; tries < hashTries; tries++) {
      if (tries > 0) await sleep(hashAgainMs);
      revision ??= lowestRevision(await cluster.status({ timeoutMs }));
      if (revision === undefined) continue;
      const asOf = revision;
      const hashes = await Promise.all(
        cluster.members.map((member) => memberHash(member, asOf, { clock, timeoutMs })),
      );
      this.observations.push(...hashes);
      if (hashes.some(({ hash }) => hash === undefined)) revision = undefined;
      else if (agree(hashes)) return;
    }
  }

  /** Again until all agree or the time is over; the last two looks at each store are kept. */
  async #compareStores(): Promise<void> {
    const { stores, clock } = this.#options;
    if (stores === undefined) return;
    const { primary, replica } = stores.database;
    const untilNs = clock.nowNs() + storesWithinMs * 1e6;
    let before: readonly StoreSeen[] = [];
    for (;;) {
      // One after the other: what etcd had when it was asked, the database could have got since.
      const seen = [
        await seeEtcd(this.#upToDate(), stores.etcdPrefix, { agent: this.#agent, timeoutMs, clock }),
      ];
      for (const server of [primary, replica]) {
        if (server !== undefined) seen.push(await seeDatabase(server, stores.rows, { clock, timeoutMs }));
      }
      const looks = [...before, ...seen];
      const agreed =
        storesAgree.check({ operations: [], faults: [], observations: looks }, defaultBudget).valid === true;
      if (agreed || clock.nowNs() > untilNs) {
        this.observations.push(...looks);
        return;
      }
      before = seen;
      await sleep(storesAgainMs);
    }
  }

  /** The member that was ahead of the others when they were last asked. */
  #upToDate(): Member {
    const { members } = this.#options.cluster;
    return members.find(({ name }) => name === this.#freshest) ?? members[0]!;
  }

  async #seeLeases(prefix: string): Promise<void> {
    const { clock } = this.#options;
    const asked = { agent: this.#agent, timeoutMs, signal: this.#stopping.signal, clock };
    const seen = await seeLeases(this.#upToDate(), prefix, asked);
    if (seen !== undefined) this.observations.push(seen);
  }

  async #askBelief(instance: Instance): Promise<void> {
    const { clock } = this.#options;
    const belief = await askBelief(instance, { clock, timeoutMs, signal: this.#stopping.signal });
    if (belief !== undefined) this.observations.push(belief);
  }

  async #repeat(look: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  }
}

function lowestRevision(statuses: readonly MemberStatus[]): number | undefined {
  const revisions = statuses.map((status) => (status.reachable ? status.revision : 0));
  const lowest = Math.min(...revisions);
  return lowest > 0 ? lowest : undefined;
}

function agree(hashes: readonly MemberHash[]): boolean {
  return new Set(hashes.map(({ hash, compactRevision }) => `${hash} ${compactRevision}`)).size === 1;
}
