import type { Member } from '../cluster/cluster.ts';
import type { World } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';

/** A Role says which member a fault is for: it is looked up when the fault is injected. */
export type Role = 'leader' | 'follower' | 'any';

/** The member that is up and has the role now; among several the seed decides. Throws NoLeader when the role cannot be told. */
export async function memberIn(role: Role, world: World): Promise<{ member: Member; title: string }> {
  const { cluster, random, signal } = world;
  const leader = await cluster.leader({ signal });
  const titled = (member: Member) => ({
    member,
    title: `${member.name}, ${member === leader ? 'the leader' : 'a follower'}`,
  });
  if (role === 'leader') return titled(leader);
  if (role === 'follower') needPeers(memberNames(world));
  const up = cluster.members.filter(({ state }) => state.state === 'up');
  const candidates = role === 'any' ? up : up.filter((member) => member !== leader);
  if (candidates.length === 0) throw new RangeError('expected a follower to strike that is up, got none');
  return titled(random.pick(candidates));
}
