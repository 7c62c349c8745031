import { healOnce } from './heal-once.ts';
import { membershipIn } from './membership.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';
import { memberIn, type Role } from './role.ts';

/**
 * Kills a member and empties its data folder, as a lost disk does; the others still count it. etcd does not let it start
 * again like this: under the identity that it had it would break the promises it has forgotten (3.4 ends with "has already
 * been bootstrapped"). So healing removes it and has it join again as a new member, which is what etcd's handbook says.
 */
export function loseData({ role = 'follower' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'lose-data',
    summary: 'kills a member and empties its data folder; it joins again as a new member',
    needs: 'membership',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      needPeers(memberNames(world));
      const membership = membershipIn(world);
      const { member, title } = await memberIn(role, world);
      const heal = healOnce(() => membership.join(member.name));
      try {
        await membership.lose(member.name);
      } catch (error) {
        await heal();
        throw error;
      }
      return { sentence: `${title}, was killed and lost its data`, targets: [member.name], heal };
    },
  };
}
