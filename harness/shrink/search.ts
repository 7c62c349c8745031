import { memberCounts, type Step } from '../scenario.ts';
import { type Case, caseKey } from './case.ts';
import { fewest } from './fewest.ts';
import { type Decision, type Tally, Trials, type TrialsOptions } from './trials.ts';

export interface SearchOptions extends TrialsOptions {
  readonly from: Case;
  /** When the promise was seen to be broken: what began later may be left out at once, if a try agrees. */
  readonly seenMs?: number;
  /** What is made smaller, in this order; all when left out. */
  readonly dimensions?: readonly Dimension[];
  /** Told of each candidate that was tried, with the smallest case so far. */
  onCandidate?(tried: Tried): void;
}

export interface Tried extends Decision {
  /** 'without kill-member at 4.5 s' */
  readonly what: string;
  readonly candidate: Case;
  readonly smallest: Case;
  readonly runs: number;
  readonly leftMs: number;
}

export interface Shrunk {
  /** Undefined when the case that the search began with did not break the promise again. */
  readonly smallest?: Case;
  /** What decided the smallest case, or the first one where there is none: tries that ended as soon as they told. */
  readonly searched: Tally;
  /** Of the smallest case in fresh runs after the search. */
  readonly measured: Tally;
  readonly runs: number;
  /** smallest: nothing more can be taken away. */
  readonly ended: 'smallest' | 'budget' | 'interrupted';
}

export type Dimension = (typeof dimensions)[number];
/** Faults first, since they decide what else there is; then what makes all later runs quicker. */
export const dimensions = ['faults', 'load', 'members', 'instances', 'windows', 'rate'] as const;

/** A fault of less is over before much can come of it. */
const shortestWindowMs = 50;
const shortestLoadMs = 1_000;
const lowestRate = 5;

/**
 * Searches the smallest case that still breaks the promise: each candidate takes something away from the smallest so far,
 * and is taken when its tries say so. Goes on until a whole round has taken nothing away, the budget is spent, or the
 * signal aborts. Whatever happens the smallest so far is told.
 */
export async function searchSmallest(options: SearchOptions): Promise<Shrunk> {
  const trials = new Trials(options);
  const nothing: Tally = { broke: 0, held: 0, voids: 0 };
  let smallest = options.from;
  let searched: Tally = nothing;

  async function takes(candidate: Case, what: string): Promise<boolean> {
    if (trials.ended !== undefined) return false;
    const decision = await trials.decide(candidate);
    const taken = decision.state === 'taken';
    const { broke, held, voids } = decision;
    if (taken || candidate === options.from) searched = { broke, held, voids };
    if (taken) smallest = candidate;
    if (!decision.known) {
      const { runs, leftMs } = trials;
      options.onCandidate?.({ ...decision, what, candidate, smallest, runs, leftMs });
    }
    return taken;
  }

  if (!(await takes(smallest, 'as it was'))) {
    return { searched, measured: nothing, runs: trials.runs, ended: trials.ended ?? 'smallest' };
  }
  const { seenMs } = options;
  if (seenMs !== undefined) {
    const before = smallest.steps.filter(({ atMs }) => atMs < seenMs);
    if (before.length < smallest.steps.length) {
      await takes({ ...smallest, steps: before }, `without what came after ${seconds(seenMs)}`);
    }
  }
  const asked = options.dimensions ?? dimensions;
  for (let before = ''; before !== caseKey(smallest); ) {
    before = caseKey(smallest);
    for (const dimension of asked) await shrinkers[dimension](() => smallest, takes);
  }
  const measured = await trials.measure(smallest);
  return { smallest, searched, measured, runs: trials.runs, ended: trials.ended ?? 'smallest' };
}

type Takes = (candidate: Case, what: string) => Promise<boolean>;

const shrinkers: Readonly<Record<Dimension, (smallest: () => Case, takes: Takes) => Promise<void>>> = {
  async faults(smallest, takes) {
    await fewest(smallest().steps, (steps) => takes({ ...smallest(), steps }, left(smallest().steps, steps)));
  },

  async load(smallest, takes) {
    for (;;) {
      const { steps, loadMs } = smallest();
      const healedMs = steps.reduce((latest, { atMs, forMs }) => Math.max(latest, atMs + forMs), 0);
      const shorterMs = Math.max(shortestLoadMs, Math.ceil((healedMs + loadMs) / 200) * 100);
      if (
        shorterMs >= loadMs ||
        !(await takes({ ...smallest(), loadMs: shorterMs }, `${seconds(shorterMs)} of load`))
      )
        return;
    }
  },

  async members(smallest, takes) {
    const fewer = memberCounts.filter(
      (members) => members < smallest().members && (members > 1 || !smallest().steps.some(strikesMembers)),
    );
    for (const members of fewer) if (await takes({ ...smallest(), members }, `${members} members`)) return;
  },

  async instances(smallest, takes) {
    for (let instances = 1; instances < smallest().instances; instances++) {
      if (await takes({ ...smallest(), instances }, `${instances} instances`)) return;
    }
  },

  async windows(smallest, takes) {
    for (const i of smallest().steps.keys()) {
      for (;;) {
        const { steps } = smallest();
        const step = steps[i]!;
        // The fault still begins when it began: chance strikes by that time whom it struck.
        const forMs = Math.max(shortestWindowMs, Math.round(step.forMs / 20) * 10);
        if (forMs >= step.forMs) break;
        const shorter = steps.map((one) => (one === step ? { ...step, forMs } : one));
        if (!(await takes({ ...smallest(), steps: shorter }, `${told(step)} for ${seconds(forMs)}`))) break;
      }
    }
  },

  async rate(smallest, takes) {
    for (;;) {
      const ratePerSecond = Math.max(lowestRate, Math.round(smallest().ratePerSecond / 2));
      if (ratePerSecond >= smallest().ratePerSecond) return;
      if (!(await takes({ ...smallest(), ratePerSecond }, `${ratePerSecond} operations a second`))) return;
    }
  },
};

/** A single member has no peers. */
function strikesMembers({ nemesis }: Step): boolean {
  return nemesis.strikes === undefined;
}

function left(before: readonly Step[], after: readonly Step[]): string {
  if (after.length === 0) return 'without any fault';
  const out = before.filter((step) => !after.includes(step));
  return out.length === 1 ? `without ${told(out[0]!)}` : `without ${out.length} of ${before.length} faults`;
}

function told({ nemesis, atMs }: Step): string {
  return `${nemesis.name} at ${seconds(atMs)}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms) / 1_000} s`;
}
