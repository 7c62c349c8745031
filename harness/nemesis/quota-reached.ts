import { askMember, idOf } from '../cluster/gateway.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn } from './role.ts';

/**
 * Raises the alarm that a member raises when its store has reached the quota: the cluster refuses writes that need space
 * until the alarm is disarmed, which is the healing.
 */
export function quotaReached(): Nemesis {
  return {
    name: 'quota-reached',
    summary: 'raises the alarm for a full store; writes are refused until it is disarmed',
    strikes: 'store',
    async inject(world) {
      const { member } = await memberIn('any', world);
      const memberID = await idOf(member);
      const alarm = (action: string) => ({ action, memberID, alarm: 'NOSPACE' });
      const heal = healOnce(async () => {
        // Through whoever has a quorum: the member itself may be struck by something else by now.
        const { members } = world.cluster;
        const disarms = members.map((asked) =>
          askMember(asked, '/v3/maintenance/alarm', alarm('DEACTIVATE')),
        );
        await Promise.any(disarms);
      });
      try {
        await askMember(member, '/v3/maintenance/alarm', alarm('ACTIVATE'), world);
      } catch (error) {
        await heal();
        throw error;
      }
      return {
        sentence: `the alarm for a full store was raised at ${member.name}`,
        targets: [member.name],
        heal,
      };
    },
  };
}
