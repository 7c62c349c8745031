import { askMember, idOf } from '../cluster/gateway.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';
import { memberIn } from './role.ts';

/** Asks the leader to hand over to a follower, which the seed draws. There is nothing to heal: any leader is as good. */
export function transferLeader(): Nemesis {
  return {
    name: 'transfer-leader',
    summary: 'has the leader hand over to a follower',
    breaks: 'none',
    async inject(world) {
      needPeers(memberNames(world));
      const { member } = await memberIn('follower', world);
      const leader = await world.cluster.leader({ signal: world.signal });
      if (leader !== member)
        await askMember(leader, '/v3/maintenance/transfer-leadership', { targetID: await idOf(member) });
      return {
        sentence: `${leader.name}, the leader, handed over to ${member.name}`,
        targets: [leader.name, member.name],
        heal: async () => {},
      };
    },
  };
}
