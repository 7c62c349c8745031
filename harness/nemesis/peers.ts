import type { World } from './nemesis.ts';

/** The names of the members. */
export function memberNames(world: Pick<World, 'cluster'>): string[] {
  return world.cluster.members.map((member) => member.name);
}

/** Throws RangeError for a cluster of one member: nothing between members can be broken there. */
export function needPeers(names: readonly string[]): void {
  if (names.length < 2)
    throw new RangeError(`a cluster of one member (${names.join('')}) has no peers; take 3 members or more`);
}

/** 'm1', 'm1 and m3', 'm1, m3 and m4'. */
export function spoken(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
