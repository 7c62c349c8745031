import { setTimeout as sleep } from 'node:timers/promises';
import type { CarefulClient } from './careful-client.ts';
import type { CarefulWatch } from './careful-watch.ts';

/** A ConnectionCheck asks the member that a watch listens to how it is, and makes the watch leave one that is unfit. */
export class ConnectionCheck {
  readonly #closing = new AbortController();

  constructor(client: CarefulClient, watch: CarefulWatch, times: { everyMs: number; limitMs: number }) {
    void this.#run(client, watch, times);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(
    client: CarefulClient,
    watch: CarefulWatch,
    { everyMs, limitMs }: { everyMs: number; limitMs: number },
  ): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => {});
      const { member } = watch;
      if (signal.aborted || member === null) continue;
      try {
        const { leader } = await client.status({ member, deadlineMs: limitMs });
        if (leader !== '0') continue;
        client.choice.failed(member, 'refused');
      } catch {
        // The client has told the choice already.
      }
      watch.restart(`${member} did not pass the connection check`);
    }
  }
}
