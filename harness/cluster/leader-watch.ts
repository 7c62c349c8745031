import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster, MemberStatus } from './cluster.ts';

export interface LeaderAt {
  readonly atNs: number;
  /** Null while no majority names one. */
  readonly leader: string | null;
  readonly term: number;
}

/**
 * Whom a majority of the members takes for the leader. A leader that was cut off goes on naming itself, at an old
 * term, for a while: it has no majority, hence does not count.
 */
export function leaderOf(statuses: readonly MemberStatus[]): { leader: string | null; term: number } {
  let term = 0;
  const votes = new Map<string, number>();
  for (const status of statuses) {
    if (!status.reachable) continue;
    term = Math.max(term, status.term);
    if (status.leader === null) continue;
    const vote = `${status.term}/${status.leader}`;
    votes.set(vote, (votes.get(vote) ?? 0) + 1);
  }
  for (const [vote, count] of votes) {
    if (count * 2 <= statuses.length) continue;
    const [voteTerm, leader] = vote.split('/') as [string, string];
    return { leader, term: Number(voteTerm) };
  }
  return { leader: null, term };
}

/** Asks all members every `everyMs` until the signal aborts, and returns each change of leader, the first included. */
export async function watchLeader(options: {
  cluster: Cluster;
  clock: Clock;
  everyMs: number;
  signal: AbortSignal;
  onChange?(now: LeaderAt): void;
}): Promise<LeaderAt[]> {
  const { cluster, clock, everyMs, signal } = options;
  const changes: LeaderAt[] = [];
  while (!signal.aborted) {
    const atNs = clock.nowNs();
    const now = leaderOf(await cluster.status({ timeoutMs: Math.max(everyMs, 250) }));
    const last = changes.at(-1);
    if (last === undefined || last.leader !== now.leader || (now.leader !== null && last.term !== now.term)) {
      const change = { atNs, ...now };
      changes.push(change);
      options.onChange?.(change);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
  return changes;
}
