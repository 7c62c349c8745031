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
import { isPosition, laterPosition, type Position } from './position.ts';
import { PublishedPosition } from './published-position.ts';
import { ReplicaRoute } from './replica-route.ts';

/** Below the patience of a client (1 s), so that it learns what became of its operation. */
const deadlineMs = 800;

/** How long a session read waits for the replica before it goes to the primary. */
const catchUpMs = 150;

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
 *   session read  --> replica, once it has replayed the client's token --> primary, when it does not in time
 *   eventual read --> replica at once
 */
class ConsistencyRouting implements OpenStrategy {
  readonly #primary: DatabaseClient;
  readonly #table: RevisedTable;
  readonly #replica: ReplicaRoute | undefined;
  readonly #etcd: CarefulClient;
  readonly #published: PublishedPosition;
  readonly #mutant: string | undefined;
  #fallbacks = 0;

  constructor(context: StrategyContext) {
    const { instance } = context;
    this.#mutant = context.mutant;
    this.#primary = new DatabaseClient({ role: 'primary', url: context.primaryUrl, deadlineMs, instance });
    this.#table = new RevisedTable(this.#primary, 'routed_values');
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
    const { grade, signal } = request;
    const token = isPosition(request.sessionToken) ? request.sessionToken : undefined;
    if (this.#mutant === 'stale-linearizable' && grade === 'linearizable' && this.#replica) {
      return this.#readReplica(this.#replica, request.key, token);
    }
    if (grade !== 'linearizable' && this.#replica) {
      try {
        const ready =
          grade === 'eventual' ||
          token === undefined ||
          (await this.#replica.reached(token, catchUpMs, signal));
        if (ready) return await this.#readReplica(this.#replica, request.key, token);
      } catch (error) {
        if (!(error instanceof DatabaseFailed)) throw error;
      }
      this.#fallbacks += 1;
    }
    return this.#readPrimary(request.key, token);
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const { key, value } = request;
    const expectedRevision = this.#mutant === 'lost-compare' ? undefined : request.expectedRevision;
    try {
      const revision = await this.#table.write({ key, value, expectedRevision });
      if (revision === undefined && expectedRevision !== undefined) {
        return { written: false, ...(await this.#current(key)), source: 'primary' };
      }
      const sessionToken = laterPosition(await this.#position(), tokenOf(request));
      if (sessionToken !== undefined) this.#published.committed(sessionToken);
      return { written: true, ...(revision && { revision }), source: 'primary', sessionToken };
    } catch (error) {
      throw refuseDatabase(error, 'write');
    }
  }

  async transact(request: TransactionRequest): Promise<TransactionAnswer> {
    try {
      const { succeeded, results } = await this.#table.transact(request);
      const sessionToken = await this.#position();
      this.#published.committed(sessionToken);
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

  async #readPrimary(key: string, token: Position | undefined): Promise<ReadAnswer> {
    try {
      // The position is taken while the statement runs, so after its snapshot: it covers all that the read shows,
      // because with synchronous commits what is visible has been flushed before.
      const [row] = await this.#primary.read<Row>(this.#readAt('pg_current_wal_flush_lsn()'), [key]);
      return answer(row!, 'primary', token);
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
  }

  async #readReplica(replica: ReplicaRoute, key: string, token: Position | undefined): Promise<ReadAnswer> {
    const lostBefore = replica.client.lostConnections;
    const [row] = await replica.client.read<Row>(this.#readAt('pg_last_wal_replay_lsn()'), [key]);
    replica.shown(row!.position, lostBefore);
    return answer(row!, 'replica', token);
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

function answer(row: Row, source: 'primary' | 'replica', token: Position | undefined): ReadAnswer {
  const found = isThere(row);
  return {
    value: found ? row.value : null,
    ...(found && { revision: Number(row.revision) }),
    source,
    sessionToken: laterPosition(token, row.position),
  };
}

function tokenOf(request: WriteRequest): Position | undefined {
  return isPosition(request.sessionToken) ? request.sessionToken : undefined;
}
