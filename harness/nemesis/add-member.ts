import { healOnce } from './heal-once.ts';
import { membershipIn } from './membership.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';

/**
 * Adds a member to the cluster, with links to and from all others and an empty data folder; it catches up while the fault
 * is in force, and until it has, the others can do without none of them: of three and a fourth that is not there yet, three
 * are a quorum. Clients are not told of it. Healing takes it out again.
 */
export function addMember(): Nemesis {
  return {
    name: 'add-member',
    summary: 'adds a member with an empty data folder, and takes it out again',
    needs: 'membership',
    healsByStarting: true,
    async inject(world) {
      needPeers(memberNames(world));
      const membership = membershipIn(world);
      const growing = membership.grow();
      const name = `m${world.cluster.members.length + 1}`;
      // One that could not join is taken out like one that did.
      const grown = growing.catch(() => {});
      const heal = healOnce(async () => {
        await grown;
        await membership.dwindle();
      });
      return {
        sentence: `${name}, a new member with an empty data folder, was added`,
        targets: [name],
        heal,
      };
    },
  };
}
