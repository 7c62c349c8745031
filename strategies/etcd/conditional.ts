import type { ICompare, IKeyValue, IRequestOp } from 'etcd3';
import type { CarefulClient } from './careful-client.ts';
import { countsOf, type KeyCounts } from './watched-keys.ts';

/**
 * What a conditional write came to. Written: `revision` is that of the write. Not written: `current` is what was
 * there instead, read in the same transaction; null: there was no such key.
 */
export type Conditional =
  | { readonly written: true; readonly revision: number }
  | { readonly written: false; readonly current: Current | null };

export interface Current extends KeyCounts {
  readonly value: Buffer;
}

/**
 * A Condition is what a key must be for a write to happen; whoever is late loses, nothing is locked.
 *
 * - `modified` (mod_revision): nobody has written the key since it was read. The compare for read, change, write.
 * - `version`: as many writes as this since the key came into being. It starts again at 1 after a delete, so the
 *   same version may come twice: it counts writes, and is no proof that nothing happened between.
 * - `created` (create_revision): it is still the key that it was, not one of the same name that was made after a
 *   delete, whatever was written to it since. The compare for a holder of a lock.
 * - `absent`: there is no such key.
 */
export type Condition =
  | { readonly modified: number }
  | { readonly version: number }
  | { readonly created: number }
  | { readonly absent: true };

/** Writes if nobody has written the key since the revision at which it was read. */
export function updateIf(
  client: CarefulClient,
  key: string,
  condition: Condition,
  value: Buffer | string,
): Promise<Conditional> {
  return conditionally(client, key, condition, {
    request_put: { key: Buffer.from(key), value: Buffer.from(value) },
  });
}

/** Writes only if there is no such key. */
export function createOnly(client: CarefulClient, key: string, value: Buffer | string): Promise<Conditional> {
  return updateIf(client, key, { absent: true }, value);
}

/** Deletes only what was seen. A condition that an absent key meets (a count of 0) is refused: it would delete nothing. */
export function deleteIf(
  client: CarefulClient,
  key: string,
  condition: Exclude<Condition, { absent: true }>,
): Promise<Conditional> {
  const [count = 0] = Object.values(condition);
  if (!(count > 0)) {
    throw new RangeError(`the condition to delete ${key} should be a count of 1 or more, got ${count}`);
  }
  return conditionally(client, key, condition, { request_delete_range: { key: Buffer.from(key) } });
}

/** A condition as etcd compares it. */
export function compareOf(key: string, condition: Condition): ICompare {
  const equal = { key: Buffer.from(key), result: 'Equal' } as const;
  if ('modified' in condition) {
    return { ...equal, target: 'Mod', mod_revision: String(condition.modified) };
  }
  if ('version' in condition) return { ...equal, target: 'Version', version: String(condition.version) };
  // What was never created has the creation 0.
  const created = 'created' in condition ? condition.created : 0;
  return { ...equal, target: 'Create', create_revision: String(created) };
}

/** Throws EtcdFailed, whose outcome says whether the write may have happened; it was tried once. */
async function conditionally(
  client: CarefulClient,
  key: string,
  condition: Condition,
  write: IRequestOp,
): Promise<Conditional> {
  const answer = await client.txn({
    compare: [compareOf(key, condition)],
    success: [write],
    failure: [{ request_range: { key: Buffer.from(key) } }],
  });
  if (answer.succeeded) return { written: true, revision: Number(answer.header.revision) };
  return { written: false, current: currentOf(answer.responses[0]!.response_range.kvs[0]) };
}

function currentOf(found: IKeyValue | undefined): Current | null {
  return found ? { ...countsOf(found), value: found.value } : null;
}
