import type { QueryResultRow } from 'pg';
import { statementKind } from './statement-kind.ts';

/** In every query of the harness's own, so that it is not counted; pg_stat_statements keeps comments. */
export const ownMark = 'faultline:own';

/** What it needs of a pg.Client. */
export interface Queryable {
  query<Row extends QueryResultRow>(sql: string, values: unknown[]): Promise<{ rows: Row[] }>;
}

/**
 * A StatementCounter adds up the calls that pg_stat_statements shows, by kind. It follows every statement by itself,
 * because the server forgets rare ones when its table is full, and a sum over all would then seem to fall.
 */
export class StatementCounter {
  reads = 0;
  writes = 0;
  #lastCalls: Map<string, number> | undefined;
  readonly #kinds = new Map<string, 'reads' | 'writes' | 'neither'>();

  /** Counts what was called since the last time; the first time only looks where the counts stand. */
  async count(
    client: Queryable,
    of: { extensionSchema: string; database: string; user: string },
  ): Promise<void> {
    const { rows } = await client.query<{ id: string; calls: number }>(
      `SELECT /* ${ownMark} */ queryid::text AS id, sum(calls)::float8 AS calls
       FROM ${of.extensionSchema}.pg_stat_statements(false)
       WHERE queryid IS NOT NULL
         AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)
         AND userid = (SELECT oid FROM pg_roles WHERE rolname = $2)
       GROUP BY queryid`,
      [of.database, of.user],
    );
    await this.#learn(
      client,
      of.extensionSchema,
      rows.map((row) => row.id),
    );
    const last = this.#lastCalls;
    if (last) {
      for (const { id, calls } of rows) {
        const before = last.get(id) ?? 0;
        const kind = this.#kinds.get(id);
        // Fewer than before: it was forgotten and seen again, and counts from zero.
        if (kind === 'reads' || kind === 'writes') this[kind] += calls >= before ? calls - before : calls;
      }
    }
    this.#lastCalls = new Map(rows.map(({ id, calls }) => [id, calls]));
  }

  /** A server that was started again begins to count at zero. */
  serverBeganAnew(): void {
    if (this.#lastCalls) this.#lastCalls = new Map();
  }

  /** Asks for the text of a statement once; it lies in a file and may be long. */
  async #learn(client: Queryable, extensionSchema: string, ids: readonly string[]): Promise<void> {
    const unknown = ids.filter((id) => !this.#kinds.has(id));
    if (unknown.length === 0) return;
    const { rows } = await client.query<{ id: string; query: string | null }>(
      `SELECT /* ${ownMark} */ queryid::text AS id, min(query) AS query
       FROM ${extensionSchema}.pg_stat_statements WHERE queryid = ANY($1::bigint[]) GROUP BY queryid`,
      [unknown],
    );
    for (const { id, query } of rows) {
      if (query === null) continue;
      const kind = query.includes(ownMark) ? 'other' : statementKind(query);
      this.#kinds.set(id, kind === 'read' ? 'reads' : kind === 'write' ? 'writes' : 'neither');
    }
  }
}
