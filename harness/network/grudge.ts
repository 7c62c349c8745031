import type { Link, Network } from './network.ts';

/**
 * A Grudge says who must not reach whom: each member that refuses others, with the set that it refuses. All grudges made
 * here are mutual, because a link is a TCP connection and carries messages both ways (one-way loss is
 * Network.cutMessages).
 */
export type Grudge = ReadonlyMap<string, ReadonlySet<string>>;

/** Each group reaches itself and nobody else: apart(['m1'], ['m2', 'm3']). Who is in no group is not touched. */
export function apart(...groups: readonly (readonly string[])[]): Grudge {
  const everybody = groups.flat();
  if (new Set(everybody).size !== everybody.length) {
    throw new RangeError(`a member should be in one group, got ${JSON.stringify(groups)}`);
  }
  return mutual(everybody, (a, b) => groups.find((group) => group.includes(a))!.includes(b));
}

/** One member alone, the others together. */
export function isolate(name: string, all: readonly string[]): Grudge {
  if (!all.includes(name)) {
    throw new RangeError(`the member to isolate should be one of ${all.join(', ')}, got ${name}`);
  }
  return apart(
    [name],
    all.filter((member) => member !== name),
  );
}

/** The smaller half (the first members) and the larger, which has a majority when the number is odd. */
export function halves(all: readonly string[]): { minority: readonly string[]; majority: readonly string[] } {
  const middle = Math.floor(all.length / 2);
  return { minority: all.slice(0, middle), majority: all.slice(middle) };
}

/** The two halves apart. For a member to be in the minority, name it first. */
export function bisect(all: readonly string[]): Grudge {
  const { minority, majority } = halves(all);
  return apart(minority, majority);
}

/** Two halves apart, and the one in the middle reaches both: m1 m2 | m3 | m4 m5. */
export function bridge(all: readonly string[]): Grudge {
  const [middle, ...rest] = halves(all).majority;
  if (middle === undefined) return new Map();
  return apart(halves(all).minority, rest);
}

/**
 * Everybody reaches a majority, and no two the same one: on a ring each reaches its nearest on both sides. Of three
 * members the ring is a bridge, since with both neighbours each would reach all.
 */
export function majoritiesRing(all: readonly string[]): Grudge {
  const size = all.length;
  if (size === 3) return bridge(all);
  const majority = Math.floor(size / 2) + 1;
  // Itself and this many on each side.
  const reach = Math.ceil((majority - 1) / 2);
  return mutual(all, (a, b) => {
    const steps = Math.abs(all.indexOf(a) - all.indexOf(b));
    return Math.min(steps, size - steps) <= reach;
  });
}

/** The members that one reaches, itself too. */
export const reachable = (from: string, all: readonly string[], grudge: Grudge): readonly string[] =>
  all.filter((to) => !refuses(grudge, from, to) && !refuses(grudge, to, from));

/** The links to cut: both of each pair of which one refuses the other. Throws when the network lacks one. */
export function linksOf(grudge: Grudge, network: Pick<Network, 'link'>): readonly Link[] {
  const links = new Map<string, Link>();
  for (const [member, refused] of grudge) {
    for (const other of refused) {
      for (const link of [network.link(member, other), network.link(other, member)])
        links.set(link.proxy, link);
    }
  }
  return [...links.values()];
}

const refuses = (grudge: Grudge, from: string, to: string): boolean => grudge.get(from)?.has(to) ?? false;

/** `reaches` is to be symmetric. */
function mutual(all: readonly string[], reaches: (a: string, b: string) => boolean): Grudge {
  const grudge = new Map<string, ReadonlySet<string>>();
  for (const a of all) {
    const refused = all.filter((b) => b !== a && !reaches(a, b));
    if (refused.length > 0) grudge.set(a, new Set(refused));
  }
  return grudge;
}
