import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseClient } from '../database/database-client.ts';
import { laterPosition, type Position, positionNumber } from './position.ts';

/** A ReplicaRoute knows how far the replica has come, and waits for it within a limit. */
export class ReplicaRoute {
  readonly client: DatabaseClient;
  #replayed: Position | undefined;

  constructor(client: DatabaseClient) {
    this.client = client;
  }

  get replayed(): Position | undefined {
    return this.#replayed;
  }

  /**
   * Whether the replica has replayed the position, waiting for timeoutMs at the most. It is asked in a statement of
   * its own, before that of the read: within one statement the snapshot is older than the position it would tell.
   */
  async reached(position: Position, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      if (this.#replayed && positionNumber(this.#replayed) >= positionNumber(position)) return true;
      const [row] = await this.client.read<{ replayed: Position | null }>(
        'select pg_last_wal_replay_lsn()::text as replayed',
      );
      this.shown(row?.replayed ?? undefined);
      if (this.#replayed && positionNumber(this.#replayed) >= positionNumber(position)) return true;
      if (signal.aborted || performance.now() + pauseMs >= untilMs) return false;
      await sleep(pauseMs);
    }
  }

  /** A read at the replica showed what was replayed up to here. */
  shown(position: Position | undefined): void {
    this.#replayed = laterPosition(this.#replayed, position);
  }

  /** After a lost connection it may be a replica that was restarted, and begins a little earlier. */
  forget(): void {
    this.#replayed = undefined;
  }
}
