import { anyInstance } from '../../harness/nemesis/any-instance.ts';
import { healOnce } from '../../harness/nemesis/heal-once.ts';
import type { Nemesis, World } from '../../harness/nemesis/nemesis.ts';
import { apart, linksOf } from '../../harness/network/grudge.ts';
import type { Link } from '../../harness/network/network.ts';

/** Delays what the primary sends its replica: the replica is behind by about as much. */
export function slowReplication({ latencyMs }: { latencyMs: number }): Nemesis {
  return {
    name: 'slow-replication',
    summary: `delays the replication by ${latencyMs} ms`,
    async inject({ network }) {
      const slow = await network.slow([network.link('replica', 'primary')], { latencyMs, jitterMs: 0 });
      return {
        sentence: `the replication was delayed by ${latencyMs} ms`,
        targets: ['replica'],
        heal: healOnce(() => slow.heal()),
      };
    },
  };
}

/** Cuts the member of this name off from all others, leader or not; instances still reach it. */
export function cutOffMember(name: string): Nemesis {
  return {
    name: 'cut-off-member',
    summary: `cuts ${name} off from the other members`,
    async inject({ cluster, network }) {
      const others = cluster.members.map((member) => member.name).filter((other) => other !== name);
      const cut = await network.cut(linksOf(apart([name], others), network), 'blackhole');
      return {
        sentence: `${name} was cut off from ${others.join(' and ')} (blackhole)`,
        targets: [name],
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}

/** Cuts one instance off from every member of etcd; the database is still there for it. */
export function cutOffInstance(): Nemesis {
  return {
    name: 'cut-off-instance',
    summary: 'cuts an instance off from all members',
    strikes: 'instances',
    async inject(world) {
      const { name } = anyInstance(world);
      const cut = await world.network.cut(toMembers(world, name), 'reject');
      return {
        sentence: `${name} was cut off from all members (reject)`,
        targets: [name],
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}

/** Delays all that one instance says to members and hears of them: each answer takes twice that longer. */
export function slowInstance({ latencyMs }: { latencyMs: number }): Nemesis {
  return {
    name: 'slow-instance',
    summary: `delays what an instance and the members say to each other by ${latencyMs} ms`,
    strikes: 'instances',
    async inject(world) {
      const { name } = anyInstance(world);
      const slow = await world.network.slow(toMembers(world, name), { latencyMs, jitterMs: 0 });
      return {
        sentence: `what ${name} and the members said to each other was delayed by ${latencyMs} ms`,
        targets: [name],
        heal: healOnce(() => slow.heal()),
      };
    },
  };
}

function toMembers({ network, cluster }: World, instance: string): readonly Link[] {
  return cluster.members.map((member) => network.link(instance, member.name));
}
