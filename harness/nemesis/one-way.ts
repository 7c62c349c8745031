import type { Cut, Flavour } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';

export interface OneWayOptions {
  /** `from-leader`: followers no longer hear it. `to-leader`: it no longer hears them. */
  readonly direction?: 'from-leader' | 'to-leader';
  readonly flavour?: Exclude<Flavour, 'reject'>;
}

/** Stops the messages between the leader and its followers in one direction only; the other one goes on. */
export function oneWay(options: OneWayOptions = {}): Nemesis {
  const { direction = 'from-leader', flavour = 'blackhole' } = options;
  return {
    name: 'one-way',
    summary: 'stops the messages between the leader and its followers in one direction only',
    linksOnly: true,
    options: { direction, flavour },
    async inject(world) {
      needPeers(memberNames(world));
      const leader = (await world.cluster.leader({ signal: world.signal })).name;
      const followers = memberNames(world).filter((name) => name !== leader);
      const cuts: Cut[] = [];
      const heal = healOnce(async () => {
        await Promise.all(cuts.map((cut) => cut.heal()));
      });
      try {
        for (const follower of followers) {
          const [from, to] = direction === 'from-leader' ? [leader, follower] : [follower, leader];
          cuts.push(await world.network.cutMessages(from, to, flavour));
        }
      } catch (error) {
        await heal();
        throw error;
      }
      const [from, to] =
        direction === 'from-leader'
          ? [`${leader}, the leader,`, spoken(followers)]
          : [spoken(followers), `${leader}, the leader`];
      return {
        sentence: `messages from ${from} to ${to} were stopped, those of the other direction were not (${flavour})`,
        targets: [leader],
        heal,
      };
    },
  };
}
