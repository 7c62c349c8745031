import { apart, linksOf } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import { largestMinority, type Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';

/**
 * Splits members and service instances in two sides that do not reach each other: the leader with the largest minority
 * and half of the instances, and the rest. Each side has clients that ask it, as when a data centre falls in two; the
 * database is reached from both.
 */
export function divide({ flavour = 'blackhole' }: { readonly flavour?: Flavour } = {}): Nemesis {
  return {
    name: 'divide',
    summary: 'splits members and instances in two sides, the leader on the smaller one',
    breaks: 'minority',
    linksOnly: true,
    options: { flavour },
    async inject({ cluster, network, instances, random, signal }) {
      const members = memberNames({ cluster });
      needPeers(members);
      const leader = (await cluster.leader({ signal })).name;
      const followers = random.shuffle(members.filter((name) => name !== leader));
      const minority = [leader, ...followers].slice(0, largestMinority(members.length)).sort();
      const majority = members.filter((name) => !minority.includes(name));
      const shuffled = random.shuffle(instances.map(({ name }) => name));
      const beside = shuffled.slice(0, Math.floor(shuffled.length / 2)).sort();
      const across = network.links.filter(
        ({ from, to }) =>
          shuffled.includes(from) && members.includes(to) && beside.includes(from) !== minority.includes(to),
      );
      const cut = await network.cut([...linksOf(apart(minority, majority), network), ...across], flavour);
      const smaller = [...minority, ...beside];
      const larger = [...majority, ...shuffled.filter((name) => !beside.includes(name)).sort()];
      return {
        sentence: `${spoken(smaller)}, with ${leader} that led, ${smaller.length > 1 ? 'were' : 'was'} cut off from ${spoken(larger)} (${flavour})`,
        targets: smaller,
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}
