import pg from 'pg';
import type { DatabaseServer } from './database.ts';
import type { Counters } from './database-series.ts';
import { ownMark, type Queryable, StatementCounter } from './statement-counter.ts';

/** What a server says when it is asked. */
export interface Answer {
  /** Since the first answer. */
  readonly total: Counters;
  /** Bytes of the write-ahead log: written by a primary, replayed by a replica. */
  readonly position: number;
  /** How long ago the newest replayed transaction was committed; null on a primary. */
  readonly replayedAgoMs: number | null;
}

const timeoutMs = 1_000;

interface Connection {
  readonly client: pg.Client;
  /** Where pg_stat_statements lives; null where it cannot be asked. */
  readonly extensionSchema: string | null;
  readonly activityQuery: string;
}

interface Activity {
  readonly started: string;
  readonly transactions: number;
  /** Whether our own transactions are among them. */
  readonly own: boolean;
  readonly position: number;
  readonly replayed_ago_ms: number | null;
}

/**
 * A ServerCounter adds up what a server counts. It keeps one connection, opened anew after it broke. What a server
 * counted between the last question and its crash is lost with it, so that totals are never too high.
 */
export class ServerCounter {
  readonly #server: DatabaseServer;
  readonly #statements = new StatementCounter();
  #connection: Connection | undefined;
  /** The life of the server that answered last, and its count then. */
  #last: { readonly started: string; readonly transactions: number } | undefined;
  #transactions = 0;
  /** Asked of the counted database by ourselves, each a transaction. */
  #ownQueries = 0;
  queriesCounted = false;

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  /** Null while it is down, cut off or slow: a fault under test, hence a gap and no failure of the harness. */
  async ask(): Promise<Answer | null> {
    try {
      this.#connection ??= await this.#connect();
      return await this.#ask(this.#connection);
    } catch {
      this.close();
      return null;
    }
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    // Not awaited: with a link cut it may take as long as it likes.
    void connection?.client.end().catch(() => {});
  }

  async #ask({ client, extensionSchema, activityQuery }: Connection): Promise<Answer> {
    const { database, user } = this.#server.counting;
    // Those before this question: its own are in the next count.
    const ownQueries = this.#ownQueries;
    const own: Queryable = {
      query: (sql, values) => {
        this.#ownQueries += 1;
        return client.query(sql, values);
      },
    };
    const activity = (await own.query<Activity>(activityQuery, [database])).rows[0]!;
    const beganAnew = this.#last !== undefined && this.#last.started !== activity.started;
    if (beganAnew) this.#statements.serverBeganAnew();
    if (extensionSchema !== null) await this.#statements.count(own, { extensionSchema, database, user });
    if (this.#last) {
      // The crash of one backend sets the counts to zero, too, without another start.
      const anew = beganAnew || activity.transactions < this.#last.transactions;
      this.#transactions += activity.transactions - (anew ? 0 : this.#last.transactions);
    }
    this.#last = activity;
    return {
      total: {
        reads: this.#statements.reads,
        writes: this.#statements.writes,
        transactions: Math.max(0, this.#transactions - (activity.own ? ownQueries : 0)),
      },
      position: activity.position,
      replayedAgoMs: activity.replayed_ago_ms,
    };
  }

  async #connect(): Promise<Connection> {
    const client = new pg.Client({
      connectionString: this.#server.counting.url,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      application_name: 'faultline-counters',
    });
    client.on('error', () => {});
    try {
      await client.connect();
      const extensionSchema = await extensionSchemaOf(client);
      this.queriesCounted ||= extensionSchema !== null;
      return { client, extensionSchema, activityQuery: await activityQueryOf(client) };
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
  }
}

async function activityQueryOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ major: number }>(
    `SELECT /* ${ownMark} */ current_setting('server_version_num')::int / 10000 AS major`,
  );
  // So that our own transactions are in the count by the next question, whence they are taken out; before 15 they
  // come up to a second later, and the figure is that much less exact.
  const flush = rows[0]!.major >= 15 ? ', pg_stat_force_next_flush()' : '';
  return `
    SELECT /* ${ownMark} */
      pg_postmaster_start_time()::text AS started,
      (xact_commit + xact_rollback)::float8 AS transactions,
      datname = current_database() AS own,
      (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0')::float8
        AS position,
      (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 AS replayed_ago_ms
      ${flush}
    FROM pg_stat_database WHERE datname = $1`;
}

/** Created, loaded and ours to read: all three are needed, and only asking it tells. */
async function extensionSchemaOf(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT /* ${ownMark} */ quote_ident(nspname) AS schema
     FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_stat_statements'`,
  );
  const schema = rows[0]?.schema;
  if (schema === undefined) return null;
  try {
    await client.query(`SELECT /* ${ownMark} */ count(*) FROM ${schema}.pg_stat_statements(false)`);
    return schema;
  } catch (error) {
    // Not loaded at the server's start, or not for us: a state of the server, not a fault under test.
    if (error instanceof pg.DatabaseError && ['55000', '42501'].includes(error.code ?? '')) return null;
    throw error;
  }
}
