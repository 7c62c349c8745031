import { apart, linksOf } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import { largestMinority, type Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';

export interface IsolateMinorityOptions {
  readonly flavour?: Flavour;
  /** Whether the leader is on the small side. Without it the seed decides. */
  readonly leader?: 'inside' | 'outside';
}

/**
 * Splits the members in two: the largest minority (1 of 3, 2 of 5, 3 of 7) and the rest. The members of each side
 * still reach each other.
 */
export function isolateMinority(options: IsolateMinorityOptions = {}): Nemesis {
  const flavour = options.flavour ?? 'blackhole';
  return {
    name: 'isolate-minority',
    summary: 'cuts as many members off as the others can do without',
    breaks: 'minority',
    linksOnly: true,
    options: { flavour, ...(options.leader && { leader: options.leader }) },
    async inject({ cluster, network, random, signal }) {
      const names = memberNames({ cluster });
      needPeers(names);
      const size = largestMinority(names.length);
      const leader = (await cluster.leader({ signal })).name;
      const shuffled = random.shuffle(names);
      const followers = shuffled.filter((name) => name !== leader);
      const ordered = {
        inside: [leader, ...followers],
        outside: [...followers, leader],
        either: shuffled,
      }[options.leader ?? 'either'];
      const minority = ordered.slice(0, size).sort();
      const majority = ordered.slice(size).sort();
      const cut = await network.cut(linksOf(apart(minority, majority), network), flavour);
      const side = minority.includes(leader) ? 'with the leader' : 'without the leader';
      return {
        sentence: `${spoken(minority)}, a minority ${side} ${leader}, ${minority.length > 1 ? 'were' : 'was'} cut off from ${spoken(majority)} (${flavour})`,
        targets: minority,
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}
