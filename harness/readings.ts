import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Clock } from './clock.ts';
import { gauge } from './observer/beliefs.ts';
import { usageOf } from './process/usage.ts';
import type { Instance } from './service/instance.ts';

/** What one process had used, and held, by then. */
export interface ProcessReading {
  readonly process: string;
  readonly pid: number;
  readonly atNs: number;
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

/** How many acknowledged writes waited in an instance then, by its /metrics. */
export interface QueueReading {
  readonly instance: string;
  readonly atNs: number;
  readonly writes: number;
}

/** Readings are what was read off beside the load; they are in no verdict. */
export interface Readings {
  readonly processes: readonly ProcessReading[];
  readonly queues: readonly QueueReading[];
}

/** The gauge in which an instance with a queue tells its length. */
const queueGauge = 'faultline_queue_writes';

/** Reads every process and every queue so often until the signal aborts. What cannot be read then is left out. */
export async function takeReadings(options: {
  /** Asked each time: processes come and go. */
  processes(): readonly { readonly name: string; readonly pid: number }[];
  readonly instances: readonly Pick<Instance, 'name' | 'url' | 'state'>[];
  readonly clock: Clock;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}): Promise<Readings> {
  const { instances, clock, everyMs, signal } = options;
  const processes: ProcessReading[] = [];
  const queues: QueueReading[] = [];
  const pause = () => sleep(everyMs, undefined, { signal }).catch(() => {});
  const readProcesses = async () => {
    while (!signal.aborted) {
      for (const { name, pid } of options.processes()) {
        const usage = usageOf(pid);
        if (usage !== null) processes.push({ process: name, pid, atNs: clock.nowNs(), ...usage });
      }
      await pause();
    }
  };
  // Each instance by itself: one that is slow to answer holds up no other reading.
  const readQueue = async (instance: (typeof instances)[number]) => {
    while (!signal.aborted) {
      const writes = instance.state === 'up' ? await queueLength(instance.url, signal) : 'silent';
      if (writes === 'none') return;
      if (writes !== 'silent') queues.push({ instance: instance.name, atNs: clock.nowNs(), writes });
      await pause();
    }
  };
  await Promise.all([readProcesses(), ...instances.map(readQueue)]);
  return { processes, queues };
}

const answerTimeoutMs = 1_500;

/** none: it answers and tells of no queue. silent: it does not answer, which is no news of its queue. */
async function queueLength(url: string, signal: AbortSignal): Promise<number | 'none' | 'silent'> {
  try {
    const { statusCode, body } = await request(`${url}/metrics`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
      // A connection of its own each time: none is left to be broken by a kill.
      headers: { connection: 'close' },
    });
    const text = await body.text();
    if (statusCode >= 500) return 'silent';
    return gauge(text, queueGauge) ?? 'none';
  } catch {
    return 'silent';
  }
}
