import { askMember, base64 } from '../cluster/gateway.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn } from './role.ts';
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
    async inject(world) {
      const { member } = await memberIn('any', world);
      const granted: string[] = [];
      const grant = async () => {
        const { ID } = await askMember(member, '/v3/lease/grant', { TTL: ttlSeconds }, world);
        granted.push(ID as string);
        // Of keys that no service uses.
        const key = base64(`faultline-storm/${ID}`);
        await askMember(member, '/v3/kv/put', { key, value: '', lease: ID }, world);
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
    },
  };
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
