import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseClient } from '../database/database-client.ts';

/**
 * A PrimaryView waits until the primary shows all that a replica can have shown. A commit is first flushed (and from
 * then on sent to replicas), then waits for a synchronous standby where there is one, and only then is visible; the
 * writer's lock on the table is let go after that. So every write that was in the log before it was asked has either
 * let its lock go, and a statement that begins now sees it, or is among the holders.
 *
 *   writer: lock table -> write -> flush commit ---> (standby) ---> visible -> unlock
 *   replica:                                 replay, visible
 *   asked here:                                  holders: {writer}   ...        holders: {} --> read
 */
export class PrimaryView {
  readonly #primary: DatabaseClient;
  readonly #table: string;

  constructor(primary: DatabaseClient, table: string) {
    this.#primary = primary;
    this.#table = table;
  }

  /** Whether it does, within timeoutMs. Those who began to write after it was asked are not waited for. */
  async settled(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    let holders = await this.#holders();
    for (let pauseMs = 1; holders.length > 0; pauseMs = Math.min(pauseMs * 2, 25)) {
      if (signal.aborted || performance.now() + pauseMs >= untilMs) return false;
      await sleep(pauseMs);
      const still = new Set(await this.#holders());
      holders = holders.filter((holder) => still.has(holder));
    }
    return true;
  }

  /** The transactions that write, by names that never come twice. */
  async #holders(): Promise<string[]> {
    const rows = await this.#primary.read<{ holder: string }>(
      `select distinct virtualtransaction as holder from pg_locks
       where relation = $1::regclass and mode <> 'AccessShareLock' and granted
         and database = (select oid from pg_database where datname = current_database())`,
      [this.#table],
    );
    return rows.map(({ holder }) => holder);
  }
}
