import { DatabaseClient, DatabaseFailed, refuseDatabase } from '../database/database-client.ts';
import { isThere, type RevisedRow, RevisedTable } from '../database/revised-table.ts';
import { CarefulClient } from '../etcd/careful-client.ts';
import { firstMember } from '../etcd/first-member.ts';
import {
  type DatabaseQueries,
  type OpenStrategy,
  type ReadAnswer,
  type ReadRequest,
  Refused,
  type Strategy,
  type StrategyContext,
  type TransactionAnswer,
  type TransactionRequest,
  type WriteAnswer,
  type WriteRequest,
} from '../strategy.ts';
import type { Position } from './position.ts';
import { PrimaryView } from './primary-view.ts';
import { PublishedPosition } from './published-position.ts';
import { ReplicaRoute } from './replica-route.ts';
import { andThen, parseSeen, type Seen, tokenOf } from './seen.ts';

/** Below the patience of a client (1 s), so that it learns what became of its operation. */
const deadlineMs = 800;

/** How long a session read waits for the replica before it goes to the primary. */
const catchUpMs = 150;

/** How long it then waits for the primary, where what the client has seen may not be shown yet. */
const settleMs = 300;

const table = 'routed_values';

interface Row extends RevisedRow {
  readonly position: Position;
}

export const consistencyRouting: Strategy = {
  name: 'consistency-routing',
  async open(context) {
    const routing = new ConsistencyRouting(context);
    await routing.start();
    return routing;
  },
};

/**
 *   write, linearizable read --> primary --> token: its position
 *   session read  --> replica, once it has replayed the client's token --> primary, when it does not in time,
 *                     once it shows all that a replica can have shown this client
 *   eventual read --> replica at once
 */
class ConsistencyRouting implements OpenStrategy {
  readonly #primary: DatabaseClient;
  readonly #table: RevisedTable;
  readonly #view: PrimaryView;
  readonly #replica: ReplicaRoute | undefined;
  readonly #etcd: CarefulClient;
  readonly #published: PublishedPosition;
  #fallbacks = 0;

  constructor(context: StrategyContext) {
    const { instance } = context;
    this.#primary = new DatabaseClient({ role: 'primary', url: context.primaryUrl, deadlineMs, instance });
    this.#table = new RevisedTable(this.#primary, table);
    this.#view = new PrimaryView(this.#primary, table);
    if (context.replicaUrl !== undefined) {
      const url = context.replicaUrl;
      this.#replica = new ReplicaRoute(new DatabaseClient({ role: 'replica', url, deadlineMs, instance }));
    }
    this.#etcd = new CarefulClient({ etcd: context.etcd, deadlineMs, firstMember: firstMember(context) });
    this.#published = new PublishedPosition(this.#etcd, instance);
  }

  async start(): Promise<void> {
    await this.#table.define();
  }

  async read(request: ReadRequest): Promise<ReadAnswer> {
    const { key, grade, signal } = request;
    const seen = parseSeen(request.sessionToken);
    if (grade !== 'linearizable' && this.#replica) {
      try {
        const ready =
          grade === 'eventual' ||
          seen === undefined ||
          (await this.#replica.reached(seen.position, catchUpMs, signal));
        if (ready) return await this.#readReplica(this.#replica, key, seen);
      } catch (error) {
        if (!(error instanceof DatabaseFailed)) throw error;
      }
      this.#fallbacks += 1;
    }
    if (grade !== 'session' || !seen?.atReplica) return this.#readPrimary(key, seen);
    await this.#settle(signal);
    // From here on the primary shows all of it.
    return this.#readPrimary(key, { ...seen, atReplica: false });
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const { key, value, expectedRevision } = request;
    try {
      const revision = await this.#table.write({ key, value, expectedRevision });
      if (revision === undefined && expectedRevision !== undefined) {
        return { written: false, ...(await this.#current(key)), source: 'primary' };
      }
      const position = await this.#position();
      this.#published.committed(position);
      // What was seen at a replica before need not be visible at the primary, although this write is.
      const seen = andThen(parseSeen(request.sessionToken), { position, atReplica: false });
      const sessionToken = tokenOf(seen);
      return { written: true, ...(revision && { revision }), source: 'primary', sessionToken };
    } catch (error) {
      throw refuseDatabase(error, 'write');
    }
  }

  async transact(request: TransactionRequest): Promise<TransactionAnswer> {
    try {
      const { succeeded, results } = await this.#table.transact(request);
      const position = await this.#position();
      this.#published.committed(position);
      // A transaction is not told what its client had seen: it may have been at a replica.
      const sessionToken = tokenOf({ position, atReplica: true });
      return { succeeded, results, source: 'primary', sessionToken };
    } catch (error) {
      throw refuseDatabase(error, 'write');
    }
  }

  databaseQueries(): readonly DatabaseQueries[] {
    return [...this.#primary.queries, ...(this.#replica?.client.queries ?? [])];
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      faultline_replica_fallbacks: this.#fallbacks,
      faultline_replica_lag_bytes: this.#published.lagBytes(this.#replica?.replayed),
      faultline_positions_published: this.#published.published,
      faultline_positions_failed: this.#published.failures,
    };
  }

  health(): { ok: true } {
    return { ok: true };
  }

  async close(): Promise<void> {
    this.#published.close();
    await Promise.all([this.#primary.close(), this.#replica?.client.close()]);
    this.#etcd.close();
  }

  async #settle(signal: AbortSignal): Promise<void> {
    let settled: boolean;
    try {
      settled = await this.#view.settled(settleMs, signal);
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
    if (settled) return;
    throw new Refused(
      503,
      'fail',
      `the primary did not show within ${settleMs} ms what this client may have seen at the replica: a write has not ended`,
    );
  }

  async #readPrimary(key: string, seen: Seen | undefined): Promise<ReadAnswer> {
    try {
      // The position is taken while the statement runs, so after its snapshot: it covers all that the read shows,
      // because with synchronous commits what is visible has been flushed before.
      const [row] = await this.#primary.read<Row>(this.#readAt('pg_current_wal_flush_lsn()'), [key]);
      return answer(row!, 'primary', seen);
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
  }

  async #readReplica(replica: ReplicaRoute, key: string, seen: Seen | undefined): Promise<ReadAnswer> {
    const lostBefore = replica.client.lostConnections;
    const [row] = await replica.client.read<Row>(this.#readAt('pg_last_wal_replay_lsn()'), [key]);
    replica.shown(row!.position, lostBefore);
    return answer(row!, 'replica', seen);
  }

  #readAt(position: string): string {
    return this.#table.selecting(`${position}::text as position`);
  }

  async #current(key: string): Promise<{ revision: number }> {
    try {
      const [row] = await this.#primary.read<Row>(this.#readAt('pg_current_wal_flush_lsn()'), [key]);
      return { revision: isThere(row!) ? Number(row.revision) : 0 };
    } catch (error) {
      // The compare was lost, that much is certain; only what is there instead could not be told.
      throw refuseDatabase(error, 'read');
    }
  }

  /** Taken after the commit was acknowledged, so that the flushed log holds it. */
  async #position(): Promise<Position> {
    try {
      const [row] = await this.#primary.read<{ position: Position }>(
        'select pg_current_wal_flush_lsn()::text as position',
      );
      return row!.position;
    } catch (error) {
      // Written, but without a token the client could not be kept from reading older values afterwards.
      const reason = error instanceof Error ? error.message : String(error);
      throw new Refused(503, 'info', `written, but its position could not be told: ${reason}`);
    }
  }
}

function answer(row: Row, source: 'primary' | 'replica', before: Seen | undefined): ReadAnswer {
  const found = isThere(row);
  return {
    value: found ? row.value : null,
    ...(found && { revision: Number(row.revision) }),
    source,
    sessionToken: tokenOf(andThen(before, { position: row.position, atReplica: source === 'replica' })),
  };
}
