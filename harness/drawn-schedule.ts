import { brokenMembers, largestMinority, type Nemesis } from './nemesis/nemesis.ts';
import type { Random } from './random.ts';
import type { Choice, Draw, Profile, Span, Step } from './scenario.ts';

export interface DrawnFor {
  readonly members: number;
  readonly profile: Pick<Profile, 'loadMs' | 'recoverMs'>;
  /** What the draw's times are multiplied by. */
  readonly timesBy: number;
  readonly random: Random;
}

/** Faults begin and end on the hundredth of a second: a table of them should be read, not deciphered. */
const gridMs = 10;

/**
 * Draws a schedule. Draw, seed and profile decide it alone. Two faults are in force together only when they can be told
 * apart: at most one of those that strike the same kind of party, and as many members broken as the draw allows. All are
 * healed early enough to see that the service works again.
 *
 *     |-- firstAtMs --|== fault ==|-- gap --|== fault ==|        |-- time to recover --|
 *                                                 |== fault ==|   overlap
 */
export function drawSchedule(draw: Draw, { members, profile, timesBy, random }: DrawnFor): Step[] {
  const allowed = draw.broken === 'any' ? members : largestMinority(members);
  // The strategies are given about as long as instances to work again; then there must be load left to see it in.
  const healedByMs = profile.loadMs - profile.recoverMs * 1.375;
  // When the healing must begin for that.
  const untilMs = ({ healsByStarting }: Nemesis) =>
    Math.floor((healedByMs - (healsByStarting ? profile.recoverMs * 0.4 : 0)) / gridMs) * gridMs;
  const between = ([fromMs, toMs]: Span) =>
    random.integer(Math.round((fromMs * timesBy) / gridMs), Math.round((toMs * timesBy) / gridMs)) * gridMs;

  const steps: Step[] = [];
  let atMs = draw.firstAtMs;
  for (;;) {
    const leastMs = draw.forMs[0] * timesBy;
    if (healedByMs - atMs < leastMs) return steps;
    const drawnMs = between(draw.forMs);
    const beside = steps.filter((step) => step.atMs + step.forMs > atMs).map(({ nemesis }) => nemesis);
    const fitting = draw.choices.filter(
      ({ nemesis }) => untilMs(nemesis) - atMs >= leastMs && fits(nemesis, beside, { members, allowed }),
    );
    const nemesis = weighted(fitting, random);
    const forMs = nemesis ? Math.min(drawnMs, untilMs(nemesis) - atMs) : drawnMs;
    if (nemesis) steps.push({ atMs, forMs, nemesis });
    // Without one there is nothing to draw from, now or later.
    else if (beside.length === 0) return steps;
    const endMs = Math.max(...steps.map((step) => step.atMs + step.forMs));
    const overlaps = nemesis !== undefined && random.number() < draw.overlap;
    const gapMs = between(draw.gapMs);
    atMs = overlaps ? atMs + random.integer(1, forMs / gridMs - 1) * gridMs : endMs + gapMs;
  }
}

function fits(
  nemesis: Nemesis,
  beside: readonly Nemesis[],
  { members, allowed }: { members: number; allowed: number },
): boolean {
  const broken = [nemesis, ...beside].reduce((sum, one) => sum + brokenMembers(one, members), 0);
  return broken <= allowed && beside.every((other) => other.strikes !== nemesis.strikes);
}

function weighted(choices: readonly Choice[], random: Random): Nemesis | undefined {
  let left = random.number() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight, nemesis } of choices) {
    left -= weight;
    if (left < 0) return nemesis;
  }
  // Rounding may leave a hair above zero.
  return choices.at(-1)?.nemesis;
}
