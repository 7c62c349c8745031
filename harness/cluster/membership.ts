import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from './cluster.ts';
import { askMember, idOf } from './gateway.ts';

/** A Membership changes who belongs to a cluster. A member keeps its name, its addresses and its links in all of it. */
export interface Membership {
  /** Kills the member and empties its data folder. The others still count it. */
  lose(name: string): Promise<void>;
  /** The same, and the others no longer count it. They need a quorum for that. */
  remove(name: string): Promise<void>;
  /**
   * Starts the member with an empty data folder and a new identity, whatever became of the one that it had; resolves when
   * it answers. etcd takes nobody in while its members have not all been connected for 5 s.
   */
  join(name: string): Promise<void>;
  /**
   * Starts one member more, `m4` of three, with links between it and all others and an empty data folder; resolves when it
   * answers. The cluster's `members` stay those that clients know.
   */
  grow(): Promise<Member>;
  /** Takes the one more out again. Harmless when there is none. */
  dwindle(): Promise<void>;
}

/** A member that can begin anew. */
export interface Rejoining extends Member {
  readonly peerUrl: string;
  /** Of a member that is down. */
  emptyDataFolder(): Promise<void>;
  /** Starts it to join a cluster that is there. */
  startJoining(): Promise<void>;
}

export interface MembershipOptions {
  readonly members: readonly Rejoining[];
  /** By id; whoever joins gets another. */
  readonly nameOfId: Map<string, string>;
  /** Makes ready one that is not among them, with its links, and does not start it. */
  spare(): Promise<Rejoining>;
  readonly timeoutMs?: number;
}

export function membershipOf(options: MembershipOptions): Membership {
  const { members, nameOfId, timeoutMs = 30_000 } = options;
  let spare: Promise<Rejoining> | undefined;

  const named = (name: string): Rejoining => {
    const found = members.find((member) => member.name === name);
    if (found === undefined) throw new RangeError(`there is no member ${name}`);
    return found;
  };

  /** Asks the others in turn until one does it: no leader, and peers that were connected too lately, pass. */
  async function askOthers(name: string, path: string, body: object): Promise<Record<string, unknown>> {
    const others = members.filter((member) => member.name !== name);
    const deadlineMs = performance.now() + timeoutMs;
    for (let turn = 0; ; turn++) {
      const asked = others[turn % others.length];
      if (asked === undefined) throw new RangeError(`${name} is the only member, and nobody can be asked`);
      try {
        return await askMember(asked, path, body, { timeoutMs: 2_000 });
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        await sleep(50);
      }
    }
  }

  /** Takes whatever has the member's address out of the cluster, until the others no longer count it. */
  async function forget(member: Rejoining): Promise<void> {
    for (;;) {
      const { members: known } = (await askOthers(member.name, '/v3/cluster/member/list', {})) as {
        members: readonly { readonly ID: string; readonly peerURLs?: readonly string[] }[];
      };
      const entry = known.find(({ peerURLs = [] }) => peerURLs.includes(member.peerUrl));
      if (entry === undefined) return;
      await askOthers(member.name, '/v3/cluster/member/remove', { ID: entry.ID }).catch((error) => {
        // A removal that was carried out without an answer: asked again, nobody knows the member.
        if (!String(error).includes('member not found')) throw error;
      });
    }
  }

  async function lose(name: string): Promise<void> {
    const member = named(name);
    await member.kill();
    await member.emptyDataFolder();
  }

  async function remove(member: Rejoining): Promise<void> {
    // Before it is removed: one that learns of its own removal ends by itself, and says so in its log.
    await member.kill();
    await forget(member);
    await member.emptyDataFolder();
  }

  async function join(member: Rejoining): Promise<void> {
    await remove(member);
    await askOthers(member.name, '/v3/cluster/member/add', { peerURLs: [member.peerUrl] });
    await member.startJoining();
    nameOfId.set(await idOf(member), member.name);
  }

  return {
    lose,
    remove: (name) => remove(named(name)),
    join: (name) => join(named(name)),
    async grow() {
      spare ??= options.spare();
      const member = await spare.catch((error) => {
        spare = undefined;
        throw error;
      });
      await join(member);
      return member;
    },
    async dwindle() {
      if (spare !== undefined) await remove(await spare);
    },
  };
}
