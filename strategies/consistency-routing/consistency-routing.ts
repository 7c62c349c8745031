import { DatabaseClient, DatabaseFailed, refuseDatabase } from '../database/database-client.ts';
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

/** Rows are never removed: a deleted key keeps its revision, so that no revision of a key ever comes twice. */
const schema = `
  create table if not exists routed_values (
    key text primary key,
    value json,
    revision bigint not null,
    deleted boolean not null
  )`;

interface Row {
  readonly value: unknown;
  readonly revision: string | null;
  readonly deleted: boolean | null;
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
  readonly #replica: ReplicaRoute | undefined;
  readonly #etcd: CarefulClient;
  readonly #published: PublishedPosition;
  readonly #mutant: string | undefined;
  #fallbacks = 0;

  constructor(context: StrategyContext) {
    const { instance } = context;
    this.#mutant = context.mutant;
    this.#primary = new DatabaseClient({ role: 'primary', url: context.primaryUrl, deadlineMs, instance });
    if (context.replicaUrl !== undefined) {
      const url = context.replicaUrl;
      this.#replica = new ReplicaRoute(new DatabaseClient({ role: 'replica', url, deadlineMs, instance }));
    }
    this.#etcd = new CarefulClient({ etcd: context.etcd, deadlineMs, firstMember: firstMember(context) });
    this.#published = new PublishedPosition(this.#etcd, instance);
  }

  async start(): Promise<void> {
    await this.#primary.define(schema);
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
        this.#replica.forget();
      }
      this.#fallbacks += 1;
    }
    return this.#readPrimary(request.key, token);
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const { key, expectedRevision } = request;
    const deletes = request.value === undefined;
    const value = deletes ? null : JSON.stringify(request.value);
    try {
      const compares = expectedRevision !== undefined && this.#mutant !== 'lost-compare';
      const [written] = compares
        ? await this.#compareAndWrite(key, value, deletes, expectedRevision)
        : await this.#write(key, value, deletes);
      if (!written && compares) return { written: false, ...(await this.#current(key)), source: 'primary' };
      const sessionToken = laterPosition(await this.#position(), tokenOf(request));
      if (sessionToken !== undefined) this.#published.committed(sessionToken);
      const revision = written && Number(written.revision);
      return { written: true, ...(revision && { revision }), source: 'primary', sessionToken };
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
      const [row] = await this.#primary.read<Row>(readAt('pg_current_wal_flush_lsn()'), [key]);
      return answer(row!, 'primary', token);
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
  }

  async #readReplica(replica: ReplicaRoute, key: string, token: Position | undefined): Promise<ReadAnswer> {
    const [row] = await replica.client.read<Row>(readAt('pg_last_wal_replay_lsn()'), [key]);
    replica.shown(row!.position);
    return answer(row!, 'replica', token);
  }

  /**
   * The revision is counted in the row itself, in an expression that is evaluated once the row is locked. One drawn
   * before (a sequence in VALUES) could be overtaken, and the later write would carry the lower revision.
   */
  #write(key: string, value: string | null, deletes: boolean): Promise<{ revision: string }[]> {
    if (deletes) {
      return this.#primary.write(
        `update routed_values set value = null, deleted = true, revision = revision + 1
         where key = $1 and not deleted returning revision`,
        [key],
      );
    }
    return this.#primary.write(
      `insert into routed_values as present (key, value, revision, deleted) values ($1, $2, 1, false)
       on conflict (key) do update
         set value = excluded.value, deleted = false, revision = present.revision + 1
       returning revision`,
      [key, value],
    );
  }

  /** Compared by the statement that writes; one that waited for the row's lock compares what it then finds. */
  #compareAndWrite(
    key: string,
    value: string | null,
    deletes: boolean,
    expectedRevision: number,
  ): Promise<{ revision: string }[]> {
    if (expectedRevision > 0) {
      return this.#primary.write(
        `update routed_values set value = $2, deleted = $3, revision = revision + 1
         where key = $1 and revision = $4 and not deleted returning revision`,
        [key, value, deletes, expectedRevision],
      );
    }
    if (deletes) {
      // Deleting what should not be there: held when it is not. Nothing is written, so the read decides.
      return this.#primary.read<{ revision: string }>(
        `select 0 as revision where not exists (select from routed_values where key = $1 and not deleted)`,
        [key],
      );
    }
    return this.#primary.write(
      `insert into routed_values as present (key, value, revision, deleted) values ($1, $2, 1, false)
       on conflict (key) do update
         set value = excluded.value, deleted = false, revision = present.revision + 1
         where present.deleted
       returning revision`,
      [key, value],
    );
  }

  async #current(key: string): Promise<{ revision: number }> {
    try {
      const [row] = await this.#primary.read<Row>(readAt('pg_current_wal_flush_lsn()'), [key]);
      return { revision: row!.deleted ? 0 : Number(row!.revision ?? 0) };
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

function readAt(position: string): string {
  return `select value, revision, deleted, ${position}::text as position
          from (select) as one left join routed_values on key = $1`;
}

function answer(row: Row, source: 'primary' | 'replica', token: Position | undefined): ReadAnswer {
  const found = row.revision !== null && row.deleted === false;
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
