import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseClient } from '../database/database-client.ts';
import { laterPosition, type Position, positionNumber } from './position.ts';

/** A ReplicaRoute knows how far the replica has come, and waits for it within a limit. */
export class ReplicaRoute {
  readonly client: DatabaseClient;
  #replayed: Position | undefined;
  /** How many connections had been lost when #replayed was told. */
  #lostBefore = 0;

  constructor(client: DatabaseClient) {
    this.client = client;
  }

  /** Undefined after a lost connection: it may be a replica that was restarted now, and begins a little earlier. */
  get replayed(): Position | undefined {
    return this.#lostBefore === this.client.lostConnections ? this.#replayed : undefined;
  }

  /**
   * Whether the replica has replayed the position, waiting for timeoutMs at the most. It is asked in a statement of
   * its own, before that of the read: within one statement the snapshot is older than the position it would tell.
   */
  async reached(position: Position, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      if (this.#hasReplayed(position)) return true;
      const lostBefore = this.client.lostConnections;
      const [row] = await this.client.read<{ replayed: Position | null }>(
        'select pg_last_wal_replay_lsn()::text as replayed',
      );
      this.shown(row?.replayed ?? undefined, lostBefore);
      if (this.#hasReplayed(position)) return true;
      if (signal.aborted || performance.now() + pauseMs >= untilMs) return false;
      await sleep(pauseMs);
    }
  }

  /** A read at the replica showed what was replayed up to here; it was sent when so many connections had been lost. */
  shown(position: Position | undefined, lostBefore: number): void {
    if (lostBefore !== this.client.lostConnections) return;
    this.#replayed = laterPosition(this.replayed, position);
    this.#lostBefore = lostBefore;
  }

  #hasReplayed(position: Position): boolean {
    const { replayed } = this;
    return replayed !== undefined && positionNumber(replayed) >= positionNumber(position);
  }
}
