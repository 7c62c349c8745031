import { setTimeout as sleep } from 'node:timers/promises';

/** An Again is work that is done again and again, for as long as a fault is in force. */
export interface Again {
  /** Ends it. Resolves when nothing of it is under way; rejects with what the work threw, which has ended it before. */
  stop(): Promise<void>;
}

/** The work is first done after waitMs, then each time so long after it has ended; `round` counts from 0. */
export function again(work: (round: number) => Promise<void>, waitMs: number): Again {
  const stopped = new AbortController();
  async function go(): Promise<void> {
    for (let round = 0; ; round++) {
      await sleep(waitMs, undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return;
      await work(round);
    }
  }
  const going = go();
  // Told by stop, whenever that comes.
  going.catch(() => {});
  return {
    stop() {
      stopped.abort();
      return going;
    },
  };
}
