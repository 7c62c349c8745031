import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { cpuWaitNs } from './process/cpu-wait.ts';
import type { Instance } from './service/instance.ts';

/** How long one instance had waited for a core by then, in this life of its process. */
export interface CpuWait {
  readonly instance: string;
  readonly pid: number;
  readonly atNs: number;
  readonly waitedNs: number;
}

/**
 * Of a second in which an instance waited for a core for more than this share, nothing can be said about its speed.
 * Measured on 2 cores: at most 0.44 where a run has the machine for itself (while an instance starts), 0.9 and more
 * beside four programs that spin.
 */
const starvedShare = 0.6;

/** Looks at every instance so often until the signal aborts; resolves to what was seen. Nothing but on Linux. */
export async function watchCpuWait(options: {
  readonly instances: readonly Pick<Instance, 'name' | 'pid' | 'state'>[];
  readonly clock: Clock;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}): Promise<readonly CpuWait[]> {
  const { instances, clock, everyMs, signal } = options;
  const seen: CpuWait[] = [];
  while (!signal.aborted) {
    for (const instance of instances) {
      if (instance.state === 'down') continue;
      const { name, pid } = instance;
      const waitedNs = await cpuWaitNs(pid);
      if (waitedNs !== undefined) seen.push({ instance: name, pid, atNs: clock.nowNs(), waitedNs });
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
  return seen;
}

/**
 * The worst second of an instance between the two moments, if the machine gave it so little that it says nothing about
 * the service: as a sentence, for a verdict on what did not happen in time. Undefined when none was that bad.
 */
export function starvation(seen: readonly CpuWait[], fromNs: number, toNs: number): string | undefined {
  const worst = worstSecond(seen, fromNs, toNs);
  if (worst === undefined || worst.share <= starvedShare) return undefined;
  return (
    `the machine was too busy: ${worst.instance} was ready to run and had no core for ` +
    `${Math.round(Math.min(1, worst.share) * 100)} % of a second (limit ${starvedShare * 100} %), ${(worst.atNs / 1e9).toFixed(1)} s after the load began`
  );
}

/**
 * Shares of about a second each: from one look to the first that is a second later. More than 1 where what was waited
 * before is only counted now: the system adds a wait when it is over.
 */
export function worstSecond(
  seen: readonly CpuWait[],
  fromNs: number,
  toNs: number,
): { readonly instance: string; readonly share: number; readonly atNs: number } | undefined {
  let worst: { instance: string; share: number; atNs: number } | undefined;
  const lives = new Map<string, CpuWait[]>();
  for (const one of seen) {
    if (one.atNs < fromNs || one.atNs > toNs) continue;
    const life = `${one.instance} ${one.pid}`;
    const known = lives.get(life);
    if (known === undefined) lives.set(life, [one]);
    else known.push(one);
  }
  for (const life of lives.values()) {
    let first = 0;
    for (const [i, last] of life.entries()) {
      while (first + 1 < i && last.atNs - life[first + 1]!.atNs >= 1e9) first++;
      const from = life[first]!;
      const tookNs = last.atNs - from.atNs;
      if (tookNs < 1e9) continue;
      const share = (last.waitedNs - from.waitedNs) / tookNs;
      if (worst === undefined || share > worst.share) {
        worst = { instance: last.instance, share, atNs: from.atNs };
      }
    }
  }
  return worst;
}
