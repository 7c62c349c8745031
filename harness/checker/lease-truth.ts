import type { LeaseBelief, Observation } from '../history/observation.ts';
import type { History } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { type LeaseEnd, leaseEnds } from './lease-ends.ts';
import { type Words, wordsFor } from './words.ts';

/**
 * Demands that nobody believes to hold a lease after the server has let it go, and that no two holders believe to
 * hold one resource at the same time.
 *
 *   server:  m1 no longer has s1's key of epoch 12, answered at 4.1 s
 *   s1:      asked at 4.3 s: "my lease of epoch 12 lives"
 *
 *   s1 believes |---------|        s2 believes of the same resource  |--------|      both from 3 to 4 s
 *
 * An answer was true at some moment between question and answer. So a belief counts as too late only when it was asked
 * for after the server's answer had come, and as an overlap only where every reading of the times has one.
 */
export const leaseTruth: Checker = {
  name: 'lease-truth',
  check({ observations = [], orderedBy }) {
    const words = wordsFor(orderedBy);
    const beliefs = observations.filter((one): one is LeaseBelief => one.kind === 'belief');
    if (beliefs.length === 0) return unknown('no instance told what it believes of its lease');
    const isCompeted = beliefs.some(({ resource }) => resource !== undefined);
    const isSeen = observations.some((one) => one.kind === 'leases' && one.held.length > 0);
    const violations = [...afterLoss(observations, beliefs, words), ...overlaps(beliefs, words)];
    if (violations.length === 0 && !isCompeted && !isSeen) {
      return unknown('no lease was seen at any member, so beliefs cannot be held against it', beliefs.length);
    }
    return verdictOf(beliefs.length, violations);
  },
};

/** What became of one lease that ended, and of what its holder believed. */
export interface LeaseNotice {
  readonly holder: string;
  readonly epoch: number;
  /** The lease ended somewhere between these two; the first is null when it was seen only afterwards. */
  readonly heldAtNs: number | null;
  readonly goneByNs: number;
  /** When it was last heard to believe in it, and first heard not to; null when it never was. */
  readonly believedAtNs: number | null;
  readonly noticedByNs: number | null;
}

/** How soon each holder noticed the end of its lease; a holder that was killed never does. */
export function leaseNotices(observations: readonly Observation[]): readonly LeaseNotice[] {
  return leaseEnds(observations).map(({ holder, epoch, heldAtNs, goneByNs }) => {
    let believedAtNs: number | null = null;
    let noticedByNs: number | null = null;
    for (const one of observations) {
      if (one.kind !== 'belief' || one.holder !== holder) continue;
      if (one.alive && one.epoch === epoch) believedAtNs = Math.max(believedAtNs ?? one.askedNs, one.askedNs);
    }
    for (const one of observations) {
      if (one.kind !== 'belief' || one.holder !== holder || (one.alive && one.epoch === epoch)) continue;
      if (believedAtNs === null || one.askedNs < believedAtNs) continue;
      if (noticedByNs === null || one.answeredNs < noticedByNs) noticedByNs = one.answeredNs;
    }
    return { holder, epoch, heldAtNs: heldAtNs ?? null, goneByNs, believedAtNs, noticedByNs };
  });
}

/** How many ends of leases are told one by one. */
const mostTold = 3;

/** The notices in words; undefined where no lease ended. */
export function tellNotices({ observations = [], orderedBy }: History): string | undefined {
  const notices = leaseNotices(observations);
  if (notices.length === 0) return undefined;
  const { instant } = wordsFor(orderedBy);
  const told = notices
    .slice(0, mostTold)
    .map(({ holder, epoch, heldAtNs, goneByNs, believedAtNs, noticedByNs }) => {
      const ended = `${heldAtNs === null ? '' : `after ${instant(heldAtNs)} and `}by ${instant(goneByNs)}`;
      const believed =
        believedAtNs === null
          ? 'it was never heard to believe in it'
          : `last believed in at ${instant(believedAtNs)}`;
      const noticed = noticedByNs === null ? '' : `, no longer by ${instant(noticedByNs)}`;
      return `${holder}'s lease of epoch ${epoch} ended ${ended}: ${believed}${noticed}`;
    });
  const more = notices.length > mostTold ? `; and ${notices.length - mostTold} more leases ended` : '';
  return `${told.join('; ')}${more}`;
}

function afterLoss(
  observations: readonly Observation[],
  beliefs: readonly LeaseBelief[],
  words: Words,
): Violation[] {
  const ends = new Map<string, LeaseEnd>(
    leaseEnds(observations).map((end) => [`${end.holder} ${end.epoch}`, end]),
  );
  const late = new Map<LeaseEnd, LeaseBelief>();
  for (const belief of beliefs) {
    const end = ends.get(`${belief.holder} ${belief.epoch}`);
    if (end === undefined || !belief.alive || belief.resource !== undefined) continue;
    if (belief.askedNs <= end.goneByNs) continue;
    const known = late.get(end);
    if (known === undefined || known.askedNs < belief.askedNs) late.set(end, belief);
  }
  return [...late].map(([end, last]) => ({
    checker: 'lease-truth',
    summary:
      `${end.holder} still believed in its lease of epoch ${end.epoch} at ${words.instant(last.askedNs)}, ` +
      `at least ${Math.floor((last.askedNs - end.goneByNs) / 1e6)} ms after ${end.member} no longer had it ` +
      `(revision ${end.goneByRevision}, ${words.instant(end.goneByNs)})`,
    atNs: last.askedNs,
    operations: [],
  }));
}

function overlaps(beliefs: readonly LeaseBelief[], words: Words): Violation[] {
  const resources = new Map<string, LeaseBelief[]>();
  for (const one of beliefs) {
    if (!one.alive || one.resource === undefined) continue;
    const known = resources.get(one.resource);
    if (known === undefined) resources.set(one.resource, [one]);
    else known.push(one);
  }
  return [...resources].flatMap(([resource, held]): Violation[] => {
    const found = firstOverlap(held);
    if (found === undefined) return [];
    const [x, y] = found;
    const span = ({ askedNs, answeredNs }: LeaseBelief) =>
      `${words.instant(askedNs)} to ${words.instant(answeredNs)}`;
    return [
      {
        checker: 'lease-truth',
        key: resource,
        summary: `${resource}: both ${x.holder} (${span(x)}) and ${y.holder} (${span(y)}) believed to hold it`,
        atNs: Math.max(x.askedNs, y.askedNs),
        operations: [],
      },
    ];
  });
}

function firstOverlap(held: readonly LeaseBelief[]): [LeaseBelief, LeaseBelief] | undefined {
  const sorted = [...held].sort((x, y) => x.askedNs - y.askedNs);
  let open: LeaseBelief[] = [];
  for (const one of sorted) {
    open = open.filter(({ answeredNs }) => answeredNs > one.askedNs);
    const rival = open.find((other) => other.holder !== one.holder && certainlyMeet(other, one));
    if (rival !== undefined) return [rival, one];
    open.push(one);
  }
  return undefined;
}

/**
 * Two beliefs that lasted share more than a moment; one that was true at some unknown moment lies inside one that
 * lasted, which was asked for earlier then. Of two unknown moments nobody can say that they are the same.
 */
function certainlyMeet(earlier: LeaseBelief, later: LeaseBelief): boolean {
  if (!earlier.throughout) return false;
  if (later.throughout) return later.askedNs < Math.min(earlier.answeredNs, later.answeredNs);
  return earlier.askedNs < later.askedNs && later.answeredNs < earlier.answeredNs;
}
