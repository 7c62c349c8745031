import { type Grudge, linksOf } from '../network/grudge.ts';
import type { Flavour } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import type { Breaks, Nemesis } from './nemesis.ts';
import { memberNames, needPeers } from './peers.ts';

/** A nemesis that cuts members off from each other by a grudge; the seed decides who stands where in it. */
export function partition(of: {
  readonly name: string;
  readonly summary: string;
  readonly breaks: Breaks;
  readonly flavour: Flavour;
  /** Who must not reach whom, of the members in an order that the seed drew. */
  grudge(names: readonly string[]): Grudge;
  /** The sentence without its flavour. */
  told(names: readonly string[]): string;
}): Nemesis {
  const { name, summary, breaks, flavour } = of;
  return {
    name,
    summary,
    breaks,
    linksOnly: true,
    options: { flavour },
    async inject({ cluster, network, random }) {
      const names = random.shuffle(memberNames({ cluster }));
      needPeers(names);
      const cut = await network.cut(linksOf(of.grudge(names), network), flavour);
      return {
        sentence: `${of.told(names)} (${flavour})`,
        targets: [...names].sort(),
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}
