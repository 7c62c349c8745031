import type { Member } from '../cluster/cluster.ts';
import { askMember, base64 } from '../cluster/gateway.ts';
import { healOnce } from './heal-once.ts';
import type { Injected, Nemesis, World } from './nemesis.ts';
import { throughAny } from './through-any.ts';
import { wholeNumbers } from './whole-numbers.ts';

const atOnce = 25;

/** Grants many leases, a key on each, that all expire at about the same time: etcd deletes them on top of its load. */
export function leaseStorm({
  leases = 500,
  ttlSeconds = 1,
}: {
  leases?: number;
  ttlSeconds?: number;
} = {}): Nemesis {
  wholeNumbers({ leases }, 1, 100_000);
  wholeNumbers({ ttlSeconds }, 1);
  return {
    name: 'lease-storm',
    summary: 'grants many leases that expire at once',
    strikes: 'store',
    options: { leases, ttlSeconds },
    inject: (world) => throughAny(world, (member) => stormThrough(member, { leases, ttlSeconds }, world)),
  };
}

async function stormThrough(
  member: Member,
  { leases, ttlSeconds }: { readonly leases: number; readonly ttlSeconds: number },
  { signal }: Pick<World, 'signal'>,
): Promise<Injected> {
  const granted: string[] = [];
  const grant = async () => {
    const { ID } = await askMember(member, '/v3/lease/grant', { TTL: ttlSeconds }, { signal });
    granted.push(ID as string);
    // Of keys that no service uses.
    const key = base64(`faultline-storm/${ID}`);
    await askMember(member, '/v3/kv/put', { key, value: '', lease: ID }, { signal }).catch(unlessExpired);
  };
  // Those that have expired by themselves are not found; their keys went with them.
  const revoke = (ID: string) => askMember(member, '/v3/lease/revoke', { ID }).catch(() => {});
  const heal = healOnce(() => inTurns(granted, revoke));
  try {
    await inTurns(Array.from({ length: leases }), grant);
  } catch (error) {
    await heal();
    throw error;
  }
  return {
    sentence: `${leases} leases of ${ttlSeconds} s were granted through ${member.name}, to expire at once`,
    targets: [member.name],
    heal,
  };
}

/** Where all is slow a lease may be over before its key comes: one that has expired is what a storm is of. */
function unlessExpired(error: Error): void {
  if (!error.message.includes('requested lease not found')) throw error;
}

/** A few at a time. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    while (left.length > 0) await work(left.shift()!);
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
