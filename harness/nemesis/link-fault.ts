import type { Cut, Link } from '../network/network.ts';
import { healOnce } from './heal-once.ts';
import type { Breaks, Nemesis, NemesisOptions, World } from './nemesis.ts';
import { linksAt, type Place, struckAt } from './place.ts';

export interface LinkFault {
  readonly name: string;
  readonly summary: string;
  readonly place: Place;
  /** How many members cannot do their part, when the links are members'. */
  readonly breaks: Breaks;
  readonly options: NemesisOptions;
  /** The end of the sentence "everything between m1 and m2 was ...". */
  readonly was: string;
  /** Resolves once it is in force. */
  begin(links: readonly Link[], world: World): Promise<Cut>;
}

/** A nemesis that does one thing to the links of a place. */
export function linkFault({ name, summary, place, breaks, options, was, begin }: LinkFault): Nemesis {
  const strikes = struckAt(place);
  return {
    name,
    summary,
    ...(strikes && { strikes }),
    breaks,
    linksOnly: true,
    options: { place, ...options },
    async inject(world) {
      const { links, targets, between } = await linksAt(place, world);
      const cut = await begin(links, world);
      return {
        sentence: `everything ${between} was ${was}`,
        targets,
        heal: healOnce(() => cut.heal()),
      };
    },
  };
}
