import { askMember } from '../cluster/gateway.ts';
import { again } from './again.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn } from './role.ts';
import { wholeNumbers } from './whole-numbers.ts';

/**
 * Compacts etcd's history up to now, again and again: a watch that wants to go on from an earlier revision cannot. What is
 * compacted stays so.
 */
export function compact({ everyMs = 200 }: { everyMs?: number } = {}): Nemesis {
  wholeNumbers({ everyMs }, 1);
  return {
    name: 'compact',
    summary: "compacts etcd's history up to now, again and again",
    strikes: 'store',
    options: { everyMs },
    async inject(world) {
      const { member } = await memberIn('any', world);
      const healed = new AbortController();
      // What was asked when the leader died is never answered, and neither the healing nor the next one waits for it.
      const asked = { timeoutMs: 2_000, signal: AbortSignal.any([world.signal, healed.signal]) };
      const compactNow = async () => {
        const { header } = await askMember(member, '/v3/maintenance/status', {}, asked);
        const { revision } = header as { revision: string };
        await askMember(member, '/v3/kv/compaction', { revision, physical: true }, asked);
      };
      // Refused when nothing was written since the last one, or while other faults leave no leader: no matter.
      const compactions = again(() => compactNow().catch(() => {}), everyMs);
      await compactNow().catch(() => {});
      return {
        sentence: `the history was compacted up to now every ${everyMs} ms, through ${member.name}`,
        targets: [member.name],
        heal: healOnce(async () => {
          healed.abort();
          await compactions.stop();
        }),
      };
    },
  };
}
