import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabaseClient, DatabaseFailed } from '../database/database-client.ts';
import type { Known } from '../etcd/followed-keys.ts';

const schema = `
  create table if not exists queued_values (
    key text primary key,
    value json,
    revision bigint not null,
    deleted boolean not null
  )`;

/**
 * The DatabaseLane brings what etcd has ordered into the database, in batches. Only the newest value of a key
 * travels, and the database keeps a row that is newer, so order and repetition do not matter.
 */
export class DatabaseLane {
  failures = 0;
  readonly #database: DatabaseClient;
  readonly #waiting = new Map<string, Known>();
  readonly #signal: AbortSignal;
  #writing: Promise<void> | undefined;

  constructor(database: DatabaseClient, signal: AbortSignal) {
    this.#database = database;
    this.#signal = signal;
  }

  get size(): number {
    return this.#waiting.size;
  }

  start(): Promise<void> {
    return this.#database.define(schema);
  }

  /** `value` null: the key was deleted. */
  offer(key: string, value: unknown, revision: number): void {
    const waiting = this.#waiting.get(key);
    if (waiting && waiting.revision >= revision) return;
    this.#waiting.set(key, { value, revision });
    this.#writing ??= this.#write();
  }

  /** Offers all that etcd has, and what the database still has and etcd has not: a crash may have come between. */
  async reconcile(listed: ReadonlyMap<string, Known>, revision: number): Promise<void> {
    const rows = await this.#database.read<{ key: string; revision: string }>(
      'select key, revision from queued_values where not deleted',
    );
    const there = new Map(rows.map((row) => [row.key, Number(row.revision)]));
    for (const [key, known] of listed) {
      if (known.value !== null && (there.get(key) ?? 0) < known.revision) {
        this.offer(key, known.value, known.revision);
      }
    }
    for (const [key, at] of there) {
      if ((listed.get(key)?.value ?? null) === null && at < revision) this.offer(key, null, revision);
    }
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    let backoffMs = 50;
    // In a turn of its own, so that what is offered together goes together.
    await Promise.resolve();
    while (this.#waiting.size > 0 && !this.#signal.aborted) {
      const batch = [...this.#waiting].slice(0, 200);
      try {
        await this.#upsert(batch);
        backoffMs = 50;
        for (const [key, known] of batch) if (this.#waiting.get(key) === known) this.#waiting.delete(key);
      } catch (error) {
        if (!(error instanceof DatabaseFailed)) throw error;
        this.failures += 1;
        await sleep(backoffMs, undefined, { signal: this.#signal }).catch(() => {});
        backoffMs = Math.min(backoffMs * 2, 1_000);
      }
    }
    this.#writing = undefined;
  }

  async #upsert(batch: readonly (readonly [string, Known])[]): Promise<void> {
    // Every instance locks rows in the same order: two batches that share keys would otherwise deadlock.
    const sorted = [...batch].sort(([a], [b]) => (a < b ? -1 : 1));
    await this.#database.write(
      `insert into queued_values as present (key, value, revision, deleted)
       select key, value::json, revision, value is null
       from unnest($1::text[], $2::text[], $3::bigint[]) as given (key, value, revision)
       on conflict (key) do update
         set value = excluded.value, revision = excluded.revision, deleted = excluded.deleted
         where present.revision < excluded.revision`,
      [
        sorted.map(([key]) => key),
        sorted.map(([, { value }]) => (value === null ? null : JSON.stringify(value))),
        sorted.map(([, { revision }]) => revision),
      ],
    );
  }
}
