import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Member, MemberStatus } from './cluster.ts';

/** A NoLeader says that no majority agreed on a leader in time, and what each member said last. */
export class NoLeader extends Error {
  override readonly name = 'NoLeader';
  constructor(
    readonly timeoutMs: number,
    readonly last: readonly MemberStatus[],
  ) {
    super(`no leader that a majority agrees on within ${timeoutMs} ms; ${last.map(sentence).join('; ')}`);
  }
}

/**
 * The leader that a majority names in one term, if it answers and names itself: followers go on naming a leader that
 * has died until their election timeout, and a cut-off leader goes on naming itself in its old term.
 */
export function agreedLeader(statuses: readonly MemberStatus[]): { name: string; term: number } | null {
  for (const candidate of statuses) {
    if (!candidate.reachable || candidate.leader !== candidate.member) continue;
    const votes = statuses.filter(
      (other) => other.reachable && other.leader === candidate.member && other.term === candidate.term,
    );
    if (votes.length > statuses.length / 2) return { name: candidate.member, term: candidate.term };
  }
  return null;
}

export async function findLeader(
  cluster: Pick<Cluster, 'status' | 'member'>,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Member> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const leftMs = deadline - performance.now();
    // A member that hangs must not use up the time in which the others elect.
    const statuses = await cluster.status({ timeoutMs: Math.max(50, Math.min(300, leftMs)) });
    const leader = agreedLeader(statuses);
    if (leader) return cluster.member(leader.name);
    if (performance.now() >= deadline) throw new NoLeader(timeoutMs, statuses);
    await sleep(20, undefined, { signal: options.signal });
  }
}

/** 'm1 names m2 in term 3', 'm3 does not answer (…)'. */
export function sentence(status: MemberStatus): string {
  if (!status.reachable) return `${status.member} does not answer (${status.reason})`;
  return status.leader === null
    ? `${status.member} knows no leader in term ${status.term}`
    : `${status.member} names ${status.leader} in term ${status.term}`;
}
