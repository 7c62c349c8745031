import type { Disks } from './disks.ts';
import type { Gateway } from './gateway.ts';
import type { Membership } from './membership.ts';

/** A Cluster is N real etcd members that reach each other only through links. */
export interface Cluster extends AsyncDisposable {
  readonly members: readonly Member[];
  member(name: string): Member;
  /** Where the runtime can change who belongs to it. */
  readonly membership?: Membership;
  /** Where the runtime has its members' disks in hand. */
  readonly disks?: Disks;
  /** The leader that a majority agrees on. Throws NoLeader when there is none within timeoutMs. */
  leader(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Member>;
  /** What each member says of itself, asked at the same time; `reachable: false` when it does not answer. */
  status(options?: { timeoutMs?: number }): Promise<readonly MemberStatus[]>;
  /** The ways that members have to each other beside their links, a sentence each, where what they run on can tell. */
  waysAround?(): Promise<readonly string[]>;
}

/** A Member is one etcd process with its own data folder; a container's, on Docker. */
export interface Member {
  readonly name: string;
  /** Where clients reach it directly, '127.0.0.1:port'; for the harness's own questions, never for load. */
  readonly clientAddress: string;
  /** Where the proxies of links to it reach it, if not there. */
  readonly upstream?: string;
  /** How the harness asks it, where that takes more than its address. */
  readonly gateway?: Gateway;
  readonly logPath: string;
  readonly state: MemberState;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM: a leader hands over first. Resolves when it is gone; SIGKILL follows after 5 s. */
  shutDown(): Promise<void>;
  /** SIGSTOP and SIGCONT, or the freezer of its container. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again with the same data folder and addresses, after kill or shutDown. Resolves when it answers. */
  restart(options?: { timeoutMs?: number }): Promise<void>;
}

export type MemberState =
  | { readonly state: 'up'; readonly pid: number }
  | { readonly state: 'paused'; readonly pid: number }
  | { readonly state: 'down' };

export type MemberStatus =
  | { readonly member: string; readonly reachable: false; readonly reason: string }
  | {
      readonly member: string;
      readonly reachable: true;
      /** The name of the member that it takes for the leader; null when it knows none. */
      readonly leader: string | null;
      readonly term: number;
      readonly revision: number;
      readonly raftIndex: number;
      readonly version: string;
      /** Its own id, a text since it exceeds 2^53. */
      readonly id?: string;
    };
