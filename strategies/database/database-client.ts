import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Outcome } from '../../harness/history/operation.ts';
import { type DatabaseQueries, Refused } from '../strategy.ts';

/**
 * A DatabaseClient asks one PostgreSQL, once, with a limit, and counts what it asks by reads and writes. A
 * statement runs in its own transaction; it is acknowledged when its commit is.
 */
export class DatabaseClient {
  readonly #role: 'primary' | 'replica';
  readonly #pool: pg.Pool;
  readonly #deadlineMs: number;
  readonly #counts = { read: 0, write: 0 };
  #lost = 0;

  constructor(options: {
    readonly role: 'primary' | 'replica';
    readonly url: string;
    readonly deadlineMs: number;
    readonly connections?: number;
    readonly instance: string;
  }) {
    this.#role = options.role;
    this.#deadlineMs = options.deadlineMs;
    this.#pool = new pg.Pool({
      connectionString: synchronous(options.url),
      max: options.connections ?? 20,
      connectionTimeoutMillis: options.deadlineMs,
      // The server gives up first, so that most limits end in a definite answer.
      statement_timeout: options.deadlineMs,
      query_timeout: options.deadlineMs + 100,
      keepAlive: true,
      application_name: `faultline-${options.instance}`,
    });
    // An idle connection that breaks is replaced at the next query; unheard, its error would end the process.
    this.#pool.on('error', () => {
      this.#lost += 1;
    });
    // One that is lent out is not heard by the pool; the query or transaction that it was lent for fails and tells.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** How many connections have broken so far, idle ones too: behind a new one there may be a server that began anew. */
  get lostConnections(): number {
    return this.#lost;
  }

  get queries(): readonly DatabaseQueries[] {
    return (['read', 'write'] as const).map((kind) => ({
      role: this.#role,
      kind,
      count: this.#counts[kind],
    }));
  }

  read<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.#query<Row>('read', text, values);
  }

  write<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.#query<Row>('write', text, values);
  }

  /**
   * Runs the statements that `run` asks for, one after the other, in one transaction: committed when it resolves,
   * rolled back when it throws. What fails before the commit was sent certainly did not happen. Locks are let go
   * within the deadline, also when this process stands still: the server ends a transaction that idles for so long.
   */
  async transaction<T>(run: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let committing = false;
    try {
      await client.query(
        `begin; set local idle_in_transaction_session_timeout = ${Math.ceil(this.#deadlineMs)}`,
      );
      const done = await run(async (kind, text, values) => {
        this.#counts[kind] += 1;
        return (await client.query(text, values)).rows;
      });
      committing = true;
      await client.query('commit');
      client.release();
      return done;
    } catch (error) {
      // Ended with its connection, which rolls back whatever is not committed.
      client.release(true);
      const outcome = committing ? sqlOutcome((error as { code?: string }).code) : 'fail';
      throw new DatabaseFailed(this.#role, outcome, error as Error);
    }
  }

  /**
   * Runs it in one transaction that no other instance runs at the same time: DDL of two starts collides otherwise.
   * Asks until it is answered, since an instance may start before its database can be reached, or while others keep
   * it busy; so what it defines must be such as may be defined twice. Throws what the server refuses.
   */
  async define(statements: string): Promise<void> {
    for (let backoffMs = 50; ; backoffMs = Math.min(backoffMs * 2, 1_000)) {
      try {
        // Sent as one text it is one transaction; after a `begin` of its own, a failure would leave that one open.
        await this.#query('write', `select pg_advisory_xact_lock(4715); ${statements}`, undefined);
        return;
      } catch (error) {
        if (!(error instanceof DatabaseFailed) || (error.told && !error.timedOut)) throw error;
        console.error(`${error.message}; asking again`);
        await sleep(backoffMs);
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw new DatabaseFailed(this.#role, 'fail', error as Error);
    }
  }

  async #query<Row extends pg.QueryResultRow>(
    kind: 'read' | 'write',
    text: string,
    values: unknown[] | undefined,
  ): Promise<Row[]> {
    const client = await this.#connect();
    this.#counts[kind] += 1;
    try {
      const result = await client.query<Row>(text, values);
      client.release();
      return result.rows;
    } catch (error) {
      const code = (error as { code?: string }).code;
      const alive = code !== undefined && sqlOutcome(code) === 'fail';
      // A connection whose answer is missing must not be used again: the next query would get it.
      client.release(!alive);
      if (!alive) this.#lost += 1;
      throw new DatabaseFailed(this.#role, sqlOutcome(code), error as Error);
    }
  }
}

/** One statement of a transaction, counted as a read or a write. */
export type Ask = <Row extends pg.QueryResultRow>(
  kind: 'read' | 'write',
  text: string,
  values?: unknown[],
) => Promise<Row[]>;

/**
 * With synchronous commits what is visible has also been flushed: the positions in session tokens rest on it. Said in
 * the URL, beside what it says already (a schema): what a URL says replaces what the pool is told.
 */
export function synchronous(url: string): string {
  const told = new URL(url);
  const options = [told.searchParams.get('options'), '-c synchronous_commit=on'];
  told.searchParams.set('options', options.filter(Boolean).join(' '));
  // A space as + is for forms; the client takes it for a plus.
  told.search = told.search.replaceAll('+', '%20');
  return told.toString();
}

/**
 * Did a statement that ended with this SQLSTATE happen? An error that the server tells ends the transaction, so it
 * did not; except where the server or the connection went away, perhaps after the commit.
 */
export function sqlOutcome(code: string | undefined): Exclude<Outcome, 'ok'> {
  // The socket's own codes may have five letters too (EPIPE), but only an SQLSTATE has digits.
  if (code === undefined || !/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return 'info';
  const unknownClasses = ['08', '40003', '57P', '58', 'XX', 'F0'];
  return unknownClasses.some((prefix) => code.startsWith(prefix)) ? 'info' : 'fail';
}

/** A DatabaseFailed is one statement that did not end well. It was tried once. */
export class DatabaseFailed extends Error {
  override readonly name = 'DatabaseFailed';
  readonly timedOut: boolean;
  /** The server itself refused the statement, and would again. */
  readonly told: boolean;

  constructor(
    role: string,
    readonly outcome: Exclude<Outcome, 'ok'>,
    cause: Error,
  ) {
    super(`${role}: ${cause.message}`, { cause });
    this.told = sqlOutcome((cause as { code?: string }).code) === 'fail';
    this.timedOut = /time(d )?out/i.test(cause.message);
  }
}

/** What it means to the one who asked the service. A read that failed certainly did nothing. */
export function refuseDatabase(error: unknown, of: 'read' | 'write'): Refused {
  if (error instanceof Refused) return error;
  if (!(error instanceof DatabaseFailed)) throw error;
  return new Refused(error.timedOut ? 504 : 503, of === 'read' ? 'fail' : error.outcome, error.message);
}
