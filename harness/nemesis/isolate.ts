import { apart, linksOf } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';
import { memberIn, type Role } from './role.ts';

/** A nemesis that cuts the member with the role off from all other members, in both directions. */
export function isolate(name: string, role: Exclude<Role, 'any'>, flavour: Flavour): Nemesis {
  return {
    name,
    linksOnly: true,
    options: { flavour },
    summary: `cuts ${role === 'leader' ? 'the leader' : 'a follower'} off from all other members (${flavour})`,
    async inject(world) {
      needPeers(memberNames(world));
      const { member, title } = await memberIn(role, world);
      const others = memberNames(world).filter((other) => other !== member.name);
      const cut = await world.network.cut(linksOf(apart([member.name], others), world.network), flavour);
      return {
        sentence: `${title}, was cut off from ${spoken(others)} (${flavour})`,
        targets: [member.name],
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}
