import { healOnce } from './heal-once.ts';
import { membershipIn } from './membership.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';
import { memberIn, type Role } from './role.ts';

/**
 * Takes a member out of the cluster, its data too; the others go on as a cluster of one less. Healing adds a member in its
 * place, with the same links, an empty data folder and a new identity.
 */
export function removeMember({ role = 'follower' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'remove-member',
    summary: 'removes a member from the cluster, and adds a new one in its place',
    needs: 'membership',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      needPeers(memberNames(world));
      const membership = membershipIn(world);
      const { member, title } = await memberIn(role, world);
      const heal = healOnce(() => membership.join(member.name));
      try {
        await membership.remove(member.name);
      } catch (error) {
        await heal();
        throw error;
      }
      return { sentence: `${title}, was removed from the cluster`, targets: [member.name], heal };
    },
  };
}
