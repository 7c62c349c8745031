import type { Agent } from 'undici';
import type { Cluster, Member, MemberStatus } from './cluster.ts';
import type { Disks } from './disks.ts';
import { findLeader } from './leader.ts';
import { memberId, memberStatus } from './member-status.ts';
import type { Membership } from './membership.ts';

/** A member as whoever starts the cluster sees it. */
export interface StartableMember extends Member {
  /** Resolves when it answers a linearizable read. */
  start(options: { signal?: AbortSignal }): Promise<void>;
}

export interface StartedClusterOptions {
  /** All of them answer. */
  readonly members: readonly Member[];
  readonly agent: Agent;
  /** Ends the members and whatever belongs to them. */
  stop(): Promise<void>;
  waysAround?(): Promise<readonly string[]>;
  /** Where members can lose their data and join again; told the names by id, to keep. */
  membership?(nameOfId: Map<string, string>): Membership;
  readonly disks?: Disks;
}

/** All at once, since each waits for its peers. The first that fails ends the wait for the others. */
export async function startTogether(
  members: readonly StartableMember[],
  signal?: AbortSignal,
): Promise<void> {
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

/** The cluster of members that answer, whatever they run on. */
export async function startedCluster(options: StartedClusterOptions): Promise<Cluster> {
  const { members, agent } = options;
  const ids = await Promise.all(
    members.map(
      async (member) => [await memberId(member, { agent, timeoutMs: 5_000 }), member.name] as const,
    ),
  );
  return new StartedCluster(options, new Map(ids));
}

export function orderedPairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((a) => items.filter((b) => b !== a).map((b): [T, T] => [a, b]));
}

class StartedCluster implements Cluster {
  readonly members: readonly Member[];
  readonly #options: StartedClusterOptions;
  /** Ids exceed 2^53 and so are strings. */
  readonly #nameOfId: ReadonlyMap<string, string>;
  readonly membership?: Membership;
  readonly disks?: Disks;
  #stopped: Promise<void> | undefined;

  constructor(options: StartedClusterOptions, nameOfId: Map<string, string>) {
    this.members = options.members;
    this.#options = options;
    this.#nameOfId = nameOfId;
    const membership = options.membership?.(nameOfId);
    if (membership !== undefined) this.membership = membership;
    if (options.disks !== undefined) this.disks = options.disks;
  }

  member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found) return found;
    const names = this.members.map((member) => member.name).join(', ');
    throw new RangeError(`there is no member ${name}; there are ${names}`);
  }

  status(options: { timeoutMs?: number } = {}): Promise<readonly MemberStatus[]> {
    const asked = { agent: this.#options.agent, timeoutMs: options.timeoutMs ?? 1_000 };
    return Promise.all(this.members.map((member) => memberStatus(member, this.#nameOfId, asked)));
  }

  leader(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Member> {
    return findLeader(this, options);
  }

  async waysAround(): Promise<readonly string[]> {
    return (await this.#options.waysAround?.()) ?? [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#options.stop();
    return this.#stopped;
  }
}
