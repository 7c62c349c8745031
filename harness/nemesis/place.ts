import { apart, linksOf } from '../network/grudge.ts';
import type { Link } from '../network/network.ts';
import type { Breaks, Struck, World } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';
import { memberIn } from './role.ts';

/** A Place says which links a fault is on: it is looked up when the fault is injected. */
export type Place = (typeof places)[number];

export const places = [
  /** All between members. */
  'peers',
  /** All between one member and the others. */
  'leader',
  'follower',
  /** Both between two members, which the seed draws. */
  'two-members',
  /** All from the service instances to the members; or those of one, which the seed draws. */
  'instances-to-members',
  'instance-to-members',
  /** All from the service instances to the primary and its replica. */
  'instances-to-database',
  /** From the replica to its primary: the replica falls behind. */
  'replication',
] as const;

export interface Found {
  readonly links: readonly Link[];
  /** Who is at the ends that the fault is told of. */
  readonly targets: readonly string[];
  /** 'between m1, the leader, and m2 and m3' */
  readonly between: string;
}

/** Throws RangeError when there are no such links. */
export async function linksAt(place: Place, world: World): Promise<Found> {
  const { network, random, instances } = world;
  const members = memberNames(world);
  const names = instances.map(({ name }) => name);
  const found = (from: readonly string[], to: readonly string[]): Found => {
    const links = network.links.filter((link) => from.includes(link.from) && to.includes(link.to));
    if (links.length === 0)
      throw new RangeError(
        `expected links from ${spoken(from) || 'an instance'} to ${spoken(to)}, got none (${place})`,
      );
    const ends = to.filter((name) => links.some((link) => link.to === name));
    return { links, targets: from, between: `between ${spoken(from)} and ${spoken(ends)}` };
  };
  switch (place) {
    case 'peers':
      needPeers(members);
      return {
        links: linksOf(apart(...members.map((name) => [name])), network),
        targets: members,
        between: `between ${spoken(members)}`,
      };
    case 'leader':
    case 'follower': {
      needPeers(members);
      const { member, title } = await memberIn(place, world);
      const others = members.filter((name) => name !== member.name);
      return {
        links: linksOf(apart([member.name], others), network),
        targets: [member.name],
        between: `between ${title}, and ${spoken(others)}`,
      };
    }
    case 'two-members': {
      needPeers(members);
      const [a, b] = random.shuffle(members).slice(0, 2).sort() as [string, string];
      return { links: linksOf(apart([a], [b]), network), targets: [a, b], between: `between ${a} and ${b}` };
    }
    case 'instances-to-members':
      return found(names, members);
    case 'instance-to-members':
      return found(names.length > 0 ? [random.pick(names)] : [], members);
    case 'instances-to-database':
      return found(names, ['primary', 'replica']);
    case 'replication':
      return found(['replica'], ['primary']);
  }
}

export function struckAt(place: Place): Struck | undefined {
  if (place === 'instances-to-members' || place === 'instance-to-members') return 'instance links';
  if (place === 'instances-to-database' || place === 'replication') return 'database links';
  return undefined;
}

/** How many members a cut there keeps from their part. */
export function brokenAt(place: Place): Breaks {
  return place === 'peers' ? 'majority' : 'one';
}
