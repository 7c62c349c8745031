import type { TransactionRequest } from '../strategy.ts';
import type { DatabaseClient } from './database-client.ts';
import { type RevisedTransactionAnswer, refuseLeases, revisedTransaction } from './revised-transaction.ts';

/**
 * A RevisedTable holds one value a key, with a revision that counts the key's writes. Rows are never removed: a
 * deleted key keeps its revision, so that no revision of a key ever comes twice.
 */
export class RevisedTable {
  readonly #primary: DatabaseClient;
  readonly #name: string;

  /** `name`: an SQL name. The statements that write go to `primary`. */
  constructor(primary: DatabaseClient, name: string) {
    this.#primary = primary;
    this.#name = name;
  }

  define(): Promise<void> {
    return this.#primary.define(`
      create table if not exists ${this.#name} (
        key text primary key,
        value json,
        revision bigint not null,
        deleted boolean not null,
        -- The revision of the write that made the key: after a delete it is made anew.
        created bigint not null
      )`);
  }

  /** The statement that reads the key $1: always one RevisedRow, with `further` columns. */
  selecting(further?: string): string {
    return `select value, revision, deleted${further === undefined ? '' : `, ${further}`}
            from (select) as one left join ${this.#name} on key = $1`;
  }

  /**
   * Writes once, if the compare holds; `value` undefined deletes. Resolves to the new revision; to undefined when
   * nothing was written, since the compare was lost or there was nothing to delete; and to 0 when the key should
   * not be there, should be deleted, and was not there.
   */
  async write({ key, value, expectedRevision }: RevisedWrite): Promise<number | undefined> {
    const json = value === undefined ? null : JSON.stringify(value);
    const [row] =
      expectedRevision === undefined
        ? await this.#write(key, json)
        : await this.#compareAndWrite(key, json, expectedRevision);
    return row && Number(row.revision);
  }

  /** See revisedTransaction. */
  async transact(request: Omit<TransactionRequest, 'signal'>): Promise<RevisedTransactionAnswer> {
    refuseLeases(request);
    return this.#primary.transaction((ask) => revisedTransaction(ask, this.#name, request));
  }

  /**
   * The revision is counted in the row itself, in an expression that is evaluated once the row is locked. One drawn
   * before (a sequence in VALUES) could be overtaken, and the later write would carry the lower revision.
   */
  #write(key: string, json: string | null): Promise<{ revision: string }[]> {
    if (json === null) {
      return this.#primary.write(
        `update ${this.#name} set value = null, deleted = true, revision = revision + 1
         where key = $1 and not deleted returning revision`,
        [key],
      );
    }
    return this.#primary.write(
      `insert into ${this.#name} as present (key, value, revision, deleted, created) values ($1, $2, 1, false, 1)
       on conflict (key) do update
         set value = excluded.value, deleted = false, revision = present.revision + 1,
             created = case when present.deleted then present.revision + 1 else present.created end
       returning revision`,
      [key, json],
    );
  }

  /** Compared by the statement that writes; one that waited for the row's lock compares what it then finds. */
  #compareAndWrite(
    key: string,
    json: string | null,
    expectedRevision: number,
  ): Promise<{ revision: string }[]> {
    if (expectedRevision > 0) {
      return this.#primary.write(
        `update ${this.#name} set value = $2, deleted = $3, revision = revision + 1
         where key = $1 and revision = $4 and not deleted returning revision`,
        [key, json, json === null, expectedRevision],
      );
    }
    if (json === null) {
      // Deleting what should not be there: held when it is not. Nothing is written, so the read decides.
      return this.#primary.read<{ revision: string }>(
        `select 0 as revision where not exists (select from ${this.#name} where key = $1 and not deleted)`,
        [key],
      );
    }
    return this.#primary.write(
      `insert into ${this.#name} as present (key, value, revision, deleted, created) values ($1, $2, 1, false, 1)
       on conflict (key) do update
         set value = excluded.value, deleted = false, revision = present.revision + 1,
             created = present.revision + 1
         where present.deleted
       returning revision`,
      [key, json],
    );
  }
}

export interface RevisedWrite {
  readonly key: string;
  readonly value: unknown;
  /** Written only when the key's revision is this; 0: only when there is no such key. */
  readonly expectedRevision?: number;
}

/** A RevisedRow is what is there of a key: nulls when it never was. */
export interface RevisedRow {
  readonly value: unknown;
  readonly revision: string | null;
  readonly deleted: boolean | null;
}

/** Whether there is such a key. */
export function isThere(row: RevisedRow): row is RevisedRow & { readonly revision: string } {
  return row.revision !== null && row.deleted === false;
}
