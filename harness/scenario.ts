import type { Tuning } from './cluster/tuning.ts';
import type { Workload } from './load/workload.ts';
import type { ClaimedFigure, PublishedFigures } from './measure/comparison.ts';
import type { Thresholds } from './measure/threshold.ts';
import type { Nemesis } from './nemesis/nemesis.ts';

/** A Scenario is a plain value: what is started, what load is offered, and what is broken when. */
export interface Scenario {
  readonly name: string;
  /** The question that it answers, as a user would ask it. */
  readonly question: string;
  readonly members: (typeof memberCounts)[number];
  readonly instances: number;
  readonly workload: Workload;
  readonly ratePerSecond: number;
  /** It is no part of what is run when nothing is named, nor of --all. */
  readonly onlyByName?: true;
  /** By name, where the question is not one for all. */
  readonly strategies?: readonly string[];
  readonly schedule: Schedule;
  /** How its members are set up, where that is part of the question. The command line has the last word. */
  readonly tuning?: Tuning;
  /** Where the question is about this version of etcd; else the run's. */
  readonly etcdVersion?: string;
  /** Bounds on figures in k6's manner: `{ 'read.p99': '<50', 'promises.broken': '==0' }` (harness/measure/threshold.ts). */
  readonly thresholds?: Thresholds;
  /** Below this share of the offered operations answered ok outside of faults, verdicts are unknown. */
  readonly steadyOkShare: number;
  /** What passes between the instances and the database takes this long each way, all the time: a distance, no fault. */
  readonly databaseDistanceMs?: number;
  /** The strategies' times are the profile's times this, where they would outlast the load otherwise. 1 when left out. */
  readonly timesBy?: number;
  /** When it is there, its strategies are run in rounds, and their figures held against each other. */
  readonly comparison?: ComparisonPlan;
  /** When it is there, its strategies are run in rounds, and what the instances' watches tell is recorded and measured. */
  readonly watching?: WatchingPlan;
  /**
   * Watchers beside the service, straight at the members, over what the service keeps in etcd; what they are told is held
   * against the true log. `every-kind`: harness/watch/every-kind.ts.
   */
  readonly watchers?: 'every-kind';
}

/** An even number of members bears no more losses than one less. */
export const memberCounts = [1, 3, 5, 7] as const;

/** A ComparisonPlan says which strategies are compared how often, and what somebody else has found. */
export interface ComparisonPlan {
  readonly strategies: readonly string[];
  /** In each round every strategy has its turn, each time on a stack of its own. */
  readonly rounds: number;
  /** The strategy that the load on the database is told against; it takes no part in what is claimed. */
  readonly baseline: string;
  /** What is to be confirmed or refuted: this strategy is the best of those that are not the baseline. */
  readonly claimed: { readonly best: string; readonly in: readonly ClaimedFigure[] };
  readonly published: {
    readonly by: string;
    readonly rows: Readonly<Record<string, PublishedFigures>>;
  };
}

/** A WatchingPlan says which ways of watching are held against each other, and under which conditions. */
export interface WatchingPlan {
  readonly strategies: readonly string[];
  /** In each round every strategy has its turn, each time on a stack of its own, under the same load. */
  readonly rounds: number;
  /** A change that is told later than this after the first member told it is late. */
  readonly lateMs: number;
  /** The condition that begins with a nemesis, by its name; what comes before the first is `normal`. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly published: {
    readonly by: string;
    /** By condition, as it was told. */
    readonly rows: Readonly<Record<string, { readonly delay: string; readonly wrong: string }>>;
  };
}

/**
 * What is broken when: steps whose times are told for 14 s of load (profile quick) and grow with the profile; or a draw,
 * made anew from each run's seed; or steps that are carried out at the very times they say.
 */
export type Schedule = readonly Step[] | { readonly draw: Draw } | { readonly exactly: readonly Step[] };

/** A Draw says what a schedule is drawn from. Its times are those of profile quick and grow as strategies' times do. */
export interface Draw {
  readonly choices: readonly Choice[];
  /** When the first fault may come: what there is before it is the steady state. */
  readonly firstAtMs: number;
  /** How long a fault lasts. */
  readonly forMs: Span;
  /** From the end of all faults to the beginning of the next. */
  readonly gapMs: Span;
  /** The chance that the next fault begins while others are in force, from 0 to 1. */
  readonly overlap: number;
  /** How many members may be broken at the same time: at most a minority, unless a scenario asks for more. */
  readonly broken?: 'minority' | 'any';
}

export interface Choice {
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  readonly nemesis: Nemesis;
}

/** From and to, both included. */
export type Span = readonly [fromMs: number, toMs: number];

/** A Step injects a nemesis at a time after load began and heals it later. */
export interface Step {
  readonly atMs: number;
  readonly forMs: number;
  readonly nemesis: Nemesis;
}

/** `at(4_000, isolateLeader()).for(4_000)` */
export function at(atMs: number, nemesis: Nemesis): { for(forMs: number): Step } {
  return { for: (forMs) => ({ atMs, forMs, nemesis }) };
}

/** A Profile says how long a run takes; strategies' own times (lease TTLs, check periods) follow timeScale. */
export interface Profile {
  readonly name: 'quick' | 'standard' | 'nightly';
  readonly warmUpMs: number;
  readonly loadMs: number;
  /** 1 = the article's own times (TTL 10 s, renewed every 5 s). */
  readonly timeScale: number;
  /** How long after the last heal instances may take to be back before the load ends. */
  readonly recoverMs: number;
}

export const profiles: Readonly<Record<Profile['name'], Profile>> = {
  quick: { name: 'quick', warmUpMs: 1_000, loadMs: 14_000, timeScale: 0.2, recoverMs: 4_000 },
  standard: { name: 'standard', warmUpMs: 3_000, loadMs: 70_000, timeScale: 0.5, recoverMs: 10_000 },
  nightly: { name: 'nightly', warmUpMs: 5_000, loadMs: 350_000, timeScale: 1, recoverMs: 20_000 },
};

/** What the strategies' own times are scaled by when this scenario is run in this profile. */
export function timeScaleOf(scenario: Pick<Scenario, 'timesBy'>, profile: Profile): number {
  return profile.timeScale * (scenario.timesBy ?? 1);
}

/** The length of load that schedules are written for. */
export const scheduleBaseMs = 14_000;
