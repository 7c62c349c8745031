import {
  type Comparison,
  type FoundKey,
  keysOf,
  Refused,
  type Step,
  type StepResult,
  type TransactionRequest,
} from '../strategy.ts';
import type { Ask } from './database-client.ts';

export interface RevisedTransactionAnswer {
  readonly succeeded: boolean;
  readonly results: readonly StepResult[];
}

interface Row {
  readonly key: string;
  value: unknown;
  revision: number;
  created: number;
  deleted: boolean;
}

/**
 * Several keys of a revised table at once, within a transaction of the database. All keys that are named, also those
 * that are not there yet, are locked in one order before anything is compared, and stay locked until the commit; so
 * it is as if everything happened at one moment. A range could be entered by a new key meanwhile: with one, the
 * table is locked against all writers.
 *
 * One that only gets needs no lock: a statement sees all its keys as of one moment, which is when it begins.
 *
 *   place holders for absent keys --> lock all, by key --> compare --> the branch's steps --> take place holders away
 */
export async function revisedTransaction(
  ask: Ask,
  table: string,
  request: Omit<TransactionRequest, 'signal'>,
): Promise<RevisedTransactionAnswer> {
  const keys = keysOf(request);
  if (request.compare.length === 0 && request.success.every(({ op }) => op === 'get')) {
    return { succeeded: true, results: await readTogether(ask, table, request.success) };
  }
  if ([...request.success, ...request.failure].some(({ op }) => op === 'range')) {
    await ask('write', `lock table ${table} in share row exclusive mode`);
  }
  await ask(
    'write',
    `insert into ${table} (key, value, revision, deleted, created)
     select key, null, 0, true, 0 from unnest($1::text[]) as named (key) order by key
     on conflict do nothing`,
    [keys],
  );
  const locked = await ask<{ [Column in keyof Row]: unknown }>(
    'read',
    `select key, value, revision, created, deleted from ${table} where key = any($1) order by key for update`,
    [keys],
  );
  const rows = new Map(locked.map((row) => [row.key as string, rowOf(row)]));
  const succeeded = request.compare.every((comparison) => holds(comparison, rows.get(comparison.key)!));
  const results: StepResult[] = [];
  for (const step of succeeded ? request.success : request.failure) {
    results.push(await carryOut(ask, table, rows, step));
  }
  await ask('write', `delete from ${table} where key = any($1) and revision = 0`, [keys]);
  return { succeeded, results };
}

async function readTogether(ask: Ask, table: string, steps: readonly Step[]): Promise<readonly StepResult[]> {
  const keys = steps.flatMap((step) => (step.op === 'get' ? [step.key] : []));
  const there = await ask<{ [Column in keyof Row]: unknown }>(
    'read',
    `select key, value, revision, created, deleted from ${table} where key = any($1)`,
    [keys],
  );
  const rows = new Map(there.map((row) => [row.key as string, rowOf(row)]));
  return keys.map((key) => {
    const row = rows.get(key);
    return row ? found(row) : { key, value: null };
  });
}

/** As etcd compares: counts of what is not there are 0, and its value compares with nothing. */
export function holds({ target, result, value }: Comparison, row: Omit<Row, 'key'>): boolean {
  if (target === 'value' && row.deleted) return false;
  const order =
    target === 'value'
      ? Buffer.compare(Buffer.from(JSON.stringify(row.value)), Buffer.from(JSON.stringify(value)))
      : Math.sign(countOf(target, row) - (value as number));
  switch (result) {
    case 'equal':
      return order === 0;
    case 'notEqual':
      return order !== 0;
    case 'greater':
      return order > 0;
    case 'less':
      return order < 0;
  }
}

function countOf(target: Comparison['target'], { deleted, revision, created }: Omit<Row, 'key'>): number {
  if (deleted) return 0;
  if (target === 'version') return revision - created + 1;
  return target === 'created' ? created : revision;
}

async function carryOut(ask: Ask, table: string, rows: Map<string, Row>, step: Step): Promise<StepResult> {
  if (step.op === 'range') return rangeOf(ask, table, step.prefix, step.limit);
  const row = rows.get(step.key)!;
  if (step.op === 'get') return found(row);
  if (step.op === 'delete' && row.deleted) return { key: step.key };
  row.revision += 1;
  if (row.deleted) row.created = row.revision;
  row.deleted = step.op === 'delete';
  row.value = step.op === 'put' ? step.value : null;
  await ask(
    'write',
    `update ${table} set value = $2, revision = $3, created = $4, deleted = $5 where key = $1`,
    [step.key, step.op === 'put' ? JSON.stringify(step.value) : null, row.revision, row.created, row.deleted],
  );
  return { key: step.key, revision: row.revision };
}

async function rangeOf(ask: Ask, table: string, prefix: string, limit?: number): Promise<StepResult> {
  const rows = await ask<{ [Column in keyof Row]: unknown }>(
    'read',
    // One more than asked for tells whether there are more. By bytes, as etcd has it.
    `select key, value, revision, created, deleted from ${table}
     where starts_with(key, $1) and not deleted order by key collate "C" limit $2`,
    [prefix, limit === undefined ? null : limit + 1],
  );
  const more = limit !== undefined && rows.length > limit;
  return { prefix, found: rows.slice(0, limit).map((row) => found(rowOf(row))), more };
}

function found(row: Row): FoundKey {
  const { key, value, revision, created } = row;
  if (row.deleted) return { key, value: null };
  return { key, value, revision, created, version: countOf('version', row) };
}

/** The driver tells a bigint as text. */
function rowOf(row: { [Column in keyof Row]: unknown }): Row {
  return {
    key: row.key as string,
    value: row.value,
    revision: Number(row.revision),
    created: Number(row.created),
    deleted: row.deleted as boolean,
  };
}

/** Asked before anything else: nothing needs to be rolled back. */
export function refuseLeases({ compare, success, failure }: Omit<TransactionRequest, 'signal'>): void {
  const compared = compare.find(({ target }) => target === 'lease')?.key;
  const put = [...success, ...failure].find((step) => step.op === 'put' && step.lease !== undefined);
  if (compared === undefined && put === undefined) return;
  const what = compared === undefined ? 'a put names a lease' : `the lease of ${compared} is to be compared`;
  throw new Refused(400, 'fail', `values in the database hang on no lease, but ${what}`);
}
