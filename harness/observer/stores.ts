import pg from 'pg';
import type { Clock } from '../clock.ts';
import type { Asking } from '../cluster/gateway.ts';
import { type Asked, askGateway } from '../cluster/member-status.ts';
import type { DatabaseServer } from '../database/database.ts';
import type { StoreSeen } from '../history/observation.ts';
import { prefixRange } from './prefix-range.ts';

/** protobuf's JSON: empty fields are left out. */
interface RangeJson {
  readonly kvs?: readonly { readonly key: string; readonly value?: string }[];
}

/**
 * What etcd has under a prefix, by a linearizable read at this member. Never throws: when it does not answer, or has
 * something there that is not JSON, the observation says why.
 */
export async function seeEtcd(
  member: Asking,
  prefix: string,
  asked: Asked & { readonly clock: Clock },
): Promise<StoreSeen> {
  return await look('etcd', asked.clock, async () => {
    const { kvs = [] } = (await askGateway(member, '/v3/kv/range', prefixRange(prefix), asked)) as RangeJson;
    return kvs.map(({ key, value = '' }): [string, unknown] => [
      Buffer.from(key, 'base64').toString().slice(prefix.length),
      JSON.parse(Buffer.from(value, 'base64').toString()),
    ]);
  });
}

/** What a server of the database answers to a query for `key` and `value`. Never throws, as seeEtcd. */
export async function seeDatabase(
  server: Pick<DatabaseServer, 'role' | 'url'>,
  rows: string,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<StoreSeen> {
  return await look(server.role, clock, async () => {
    const client = new pg.Client({
      connectionString: server.url,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      application_name: 'faultline-observer',
    });
    // What breaks while nothing is asked fails the next query; unheard it would end the process.
    client.on('error', () => {});
    try {
      await client.connect();
      const found = await client.query<{ key: string; value: unknown }>(rows);
      return found.rows.map(({ key, value }): [string, unknown] => [key, value]);
    } finally {
      await client.end().catch(() => {});
    }
  });
}

async function look(
  store: StoreSeen['store'],
  clock: Clock,
  ask: () => Promise<[string, unknown][]>,
): Promise<StoreSeen> {
  const askedNs = clock.nowNs();
  const seen = (told: Pick<StoreSeen, 'values' | 'reason'>): StoreSeen => ({
    kind: 'store',
    store,
    askedNs,
    answeredNs: clock.nowNs(),
    ...told,
  });
  try {
    return seen({ values: Object.fromEntries(await ask()) });
  } catch (error) {
    return seen({ reason: (error as Error).message || String(error) });
  }
}
