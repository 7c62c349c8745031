import { DatabaseClient, refuseDatabase } from '../database/database-client.ts';
import { isThere, type RevisedRow, RevisedTable } from '../database/revised-table.ts';
import type {
  DatabaseQueries,
  OpenStrategy,
  ReadAnswer,
  ReadRequest,
  Strategy,
  StrategyContext,
  WriteAnswer,
  WriteRequest,
} from '../strategy.ts';

const deadlineMs = 800;

/**
 * The naive twin of consistency-routing, as it is mostly written: writes to the primary, every read to the replica.
 * How far the replica has come is never asked, so whoever reads what was just written may read what was before.
 */
export const consistencyRoutingNaive: Strategy = {
  name: 'consistency-routing-naive',
  async open(context) {
    const routing = new NaiveRouting(context);
    await routing.start();
    return routing;
  },
};

class NaiveRouting implements OpenStrategy {
  readonly #primary: DatabaseClient;
  readonly #replica: DatabaseClient;
  readonly #table: RevisedTable;

  constructor({ instance, primaryUrl, replicaUrl = primaryUrl }: StrategyContext) {
    this.#primary = new DatabaseClient({ role: 'primary', url: primaryUrl, deadlineMs, instance });
    this.#replica = new DatabaseClient({ role: 'replica', url: replicaUrl, deadlineMs, instance });
    this.#table = new RevisedTable(this.#primary, 'naively_routed_values');
  }

  start(): Promise<void> {
    return this.#table.define();
  }

  async read({ key }: ReadRequest): Promise<ReadAnswer> {
    try {
      const [row] = await this.#replica.read<RevisedRow>(this.#table.selecting(), [key]);
      if (!isThere(row!)) return { value: null, source: 'replica' };
      return { value: row.value, revision: Number(row.revision), source: 'replica' };
    } catch (error) {
      throw refuseDatabase(error, 'read');
    }
  }

  async write({ key, value, expectedRevision }: WriteRequest): Promise<WriteAnswer> {
    try {
      const revision = await this.#table.write({ key, value, expectedRevision });
      if (revision !== undefined || expectedRevision === undefined) {
        return { written: true, ...(revision && { revision }), source: 'primary' };
      }
    } catch (error) {
      throw refuseDatabase(error, 'write');
    }
    const { revision = 0 } = await this.read({ key, grade: 'linearizable', signal: neverAborted });
    return { written: false, revision, source: 'primary' };
  }

  databaseQueries(): readonly DatabaseQueries[] {
    return [...this.#primary.queries, ...this.#replica.queries];
  }

  metrics(): Readonly<Record<string, number>> {
    return {};
  }

  health(): { ok: true } {
    return { ok: true };
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary.close(), this.#replica.close()]);
  }
}

const neverAborted = new AbortController().signal;
