import { healOnce } from './heal-once.ts';
import { membershipIn } from './membership.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';
import { memberIn, type Role } from './role.ts';

/**
 * Replaces a member at once: it is removed, and a new one with its links and an empty data folder is added and catches up
 * while the fault is in force. Healing waits until it answers.
 */
export function replaceMember({ role = 'follower' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'replace-member',
    summary: 'replaces a member by a new one with an empty data folder, which has to catch up',
    needs: 'membership',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      needPeers(memberNames(world));
      const membership = membershipIn(world);
      const { member, title } = await memberIn(role, world);
      try {
        await membership.remove(member.name);
      } catch (error) {
        await membership.join(member.name);
        throw error;
      }
      const joining = membership.join(member.name);
      // Told by the healing, which tries one that could not join again from the beginning.
      const joined = joining.catch(() => false);
      const heal = healOnce(async () => {
        if ((await joined) === false) await membership.join(member.name);
      });
      return {
        sentence: `${title}, was replaced by a new member with an empty data folder`,
        targets: [member.name],
        heal,
      };
    },
  };
}
