import { setTimeout as sleep } from 'node:timers/promises';
import type { CarefulClient } from './careful-client.ts';
import type { CarefulWatch } from './careful-watch.ts';

/**
 * A ConnectionCheck asks the member that a watch listens to how it is, and makes the watch leave one that is unfit.
 * After a check that was not passed, the next one comes as soon as its limit has gone by.
 */
export class ConnectionCheck {
  readonly #client: CarefulClient;
  readonly #watch: CarefulWatch;
  readonly #closing = new AbortController();

  /** `told` is called after every check. */
  constructor(
    client: CarefulClient,
    watch: CarefulWatch,
    times: { everyMs: number; limitMs: number },
    told: (stands: boolean) => void = () => {},
  ) {
    this.#client = client;
    this.#watch = watch;
    void this.#run(times, told);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(
    { everyMs, limitMs }: { everyMs: number; limitMs: number },
    told: (stands: boolean) => void,
  ): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = everyMs;
    for (;;) {
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const stands = await this.#stands(limitMs);
      if (signal.aborted) return;
      told(stands);
      pauseMs = stands ? everyMs : Math.min(limitMs, everyMs);
    }
  }

  async #stands(deadlineMs: number): Promise<boolean> {
    const { member } = this.#watch;
    // It is between two members by itself.
    if (member === null) return false;
    try {
      const { leader } = await this.#client.status({ member, deadlineMs });
      if (leader !== '0') return true;
      this.#client.choice.failed(member, 'refused');
    } catch {
      // The client has told the choice already.
    }
    this.#watch.restart(`${member} did not pass the connection check`);
    return false;
  }
}
