import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster, MemberStatus } from './cluster.ts';
import { agreedLeader } from './leader.ts';

export interface LeaderAt {
  readonly atNs: number;
  /** Null while no majority names one. */
  readonly leader: string | null;
  readonly term: number;
}

/** Asks all members every `everyMs` until the signal aborts, and returns each change of leader, the first included. */
export async function watchLeader(options: {
  cluster: Cluster;
  clock: Clock;
  everyMs: number;
  signal: AbortSignal;
  onChange?(now: LeaderAt): void;
  /** Told every answer, with the times of the question and of the last answer. */
  onStatuses?(statuses: readonly MemberStatus[], askedNs: number, answeredNs: number): void;
}): Promise<LeaderAt[]> {
  const { cluster, clock, everyMs, signal } = options;
  const changes: LeaderAt[] = [];
  while (!signal.aborted) {
    const atNs = clock.nowNs();
    const statuses = await cluster.status({ timeoutMs: Math.max(everyMs, 250) });
    options.onStatuses?.(statuses, atNs, clock.nowNs());
    const agreed = agreedLeader(statuses);
    const highestTerm = Math.max(0, ...statuses.map((s) => (s.reachable ? s.term : 0)));
    const now = { leader: agreed?.name ?? null, term: agreed?.term ?? highestTerm };
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
