import type { Clock } from '../clock.ts';
import type { Asking } from '../cluster/gateway.ts';
import { type Asked, askGateway } from '../cluster/member-status.ts';
import type { LeaseHeld, LeasesSeen } from '../history/observation.ts';
import { prefixRange } from './prefix-range.ts';

/** protobuf's JSON: 64-bit numbers are strings, zeroes and empty fields are left out. */
interface RangeJson {
  readonly header?: { readonly revision?: string };
  readonly kvs?: readonly { readonly key: string; readonly mod_revision: string; readonly lease?: string }[];
}

/**
 * Which session keys one member has under a prefix, as of the revision that it has applied, and how long the server
 * gives each lease. One request, and one for each lease. Undefined when the member does not answer.
 */
export async function seeLeases(
  member: Asking,
  prefix: string,
  asked: Asked & { readonly clock: Clock },
): Promise<LeasesSeen | undefined> {
  const { clock } = asked;
  const askedNs = clock.nowNs();
  try {
    const range = (await askGateway(
      member,
      '/v3/kv/range',
      // Serializable: what this member has applied, also while it has no quorum to ask.
      { ...prefixRange(prefix), serializable: true },
      asked,
    )) as RangeJson;
    const answeredNs = clock.nowNs();
    const held = await Promise.all(
      (range.kvs ?? []).map(async ({ key, mod_revision, lease }): Promise<LeaseHeld> => {
        const ttlSeconds = lease === undefined ? undefined : await timeToLive(member, lease, asked);
        return {
          holder: Buffer.from(key, 'base64').toString().slice(prefix.length),
          epoch: Number(mod_revision),
          ...(ttlSeconds !== undefined && { ttlSeconds }),
        };
      }),
    );
    const revision = Number(range.header?.revision ?? 0);
    if (revision === 0) return undefined;
    return { kind: 'leases', member: member.name, askedNs, answeredNs, revision, held };
  } catch {
    return undefined;
  }
}

async function timeToLive(member: Asking, lease: string, asked: Asked): Promise<number | undefined> {
  try {
    const told = (await askGateway(member, '/v3/lease/timetolive', { ID: lease }, asked)) as { TTL?: string };
    return Number(told.TTL ?? 0);
  } catch {
    // The leader knows, and there may be none just now.
    return undefined;
  }
}
