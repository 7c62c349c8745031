import type { Violation } from './checker/checker.ts';
import type { Tuning } from './cluster/tuning.ts';
import type { CacheClass, Grade, OperationFunction, Outcome } from './history/operation.ts';
import type { StepData } from './schedule-file.ts';
import type { Promised } from './service/strategy.ts';

/**
 * A Result is everything a report is rendered from: one versioned JSON document per run, beside the histories.
 * reports/result.schema.json says the same to other programs. All times are milliseconds on the run's clock
 * (0 = the moment the cell's load began, warm-up is negative) unless the name says otherwise.
 */
export interface Result {
  readonly schemaVersion: 1;
  readonly manifest: Manifest;
  readonly cells: readonly Cell[];
  /** What `faultline saturate` found, when it ran. */
  readonly saturation?: readonly SaturationRow[];
  /** Of scenarios that are run in rounds to hold strategies against each other. */
  readonly comparisons?: readonly Comparison[];
  /** Of scenarios that measure something without strategies. */
  readonly measurements?: readonly Measured[];
}

export interface Manifest {
  readonly seed: number;
  readonly profile: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** True when the run was cut short; what is here is what there was. */
  readonly interrupted: boolean;
  /** The command that repeats the run. */
  readonly command: string;
  /** Of a run that is a matrix, or a shard of one. */
  readonly matrix?: Matrix;
  /** How the members were set up by the command line; each cell tells what was in force there. */
  readonly tuning?: Tuning;
  readonly versions: {
    readonly faultline: string;
    readonly node: string;
    readonly etcd: string;
    readonly postgres: string;
    /** Of the original in place of the embedded one. */
    readonly toxiproxy?: string;
  };
  readonly machine: {
    readonly platform: string;
    readonly arch: string;
    readonly cpus: number;
    readonly cpuModel: string;
    readonly memoryGiB: number;
  };
}

/** A Matrix is what many cells are run as, by one machine or several. */
export interface Matrix {
  /** Of all shards: the stable names of cells and measurements, in the order in which one machine would run them. */
  readonly cells: readonly string[];
  readonly of: number;
  /** A fingerprint of what decides the cells beside the seed; shards of one matrix have the same. */
  readonly configuration: string;
  /** Those that this result has; more than one when it was merged. */
  readonly shards: readonly ShardRun[];
}

export interface ShardRun {
  /** From 1. */
  readonly shard: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly machine: Manifest['machine'];
}

/** kept: judged and held. broken: judged and did not. unknown: could not be judged. */
export type PromiseState = 'kept' | 'broken' | 'unknown';

/** A Cell is one scenario with one strategy. */
export interface Cell {
  readonly scenario: string;
  readonly strategy: string;
  /** From 1, where the scenario is run in rounds. */
  readonly round?: number;
  readonly seed: number;
  /** The command that repeats this cell alone; reports compose it from the other fields when it is missing. */
  readonly command?: string;
  /** broken if any promise is; else unknown if any is; `error` when the harness or its environment broke. */
  readonly verdict: PromiseState | 'error';
  /** Why it is unknown or an error. */
  readonly reason?: string;
  /** The harness or its environment broke the first try; this is the second. What the first left is still there. */
  readonly retried?: { readonly reason: string; readonly files: Cell['files'] };
  readonly members: number;
  readonly instances: number;
  readonly ratePerSecond: number;
  readonly etcdVersion?: string;
  /** How its members were set up, by the scenario and the command line; what is not there was as usual. */
  readonly tuning?: Tuning;
  /** How long load was to be offered after the warm-up. */
  readonly loadMs?: number;
  readonly phases: readonly Phase[];
  /** What was to be done when; `faults` tells what came of it. */
  readonly schedule?: readonly StepData[];
  readonly faults: readonly Fault[];
  /** Of the schedule what could not be done on this machine, and why. */
  readonly skipped?: readonly { readonly nemesis: string; readonly reason: string }[];
  readonly leaders: readonly LeaderChange[];
  readonly load: LoadSummary;
  /** All kinds of operation together: quantiles cannot be put together again from those of each kind. */
  readonly latency?: readonly LatencyRow[];
  /** From when it was due, of all kinds that ended ok. */
  readonly percentiles?: readonly PercentileCurve[];
  /** Single operations, for a chart. */
  readonly sample?: OperationSample;
  readonly operations: readonly OperationRow[];
  readonly cache: readonly CacheRow[];
  readonly database: readonly DatabaseRow[];
  readonly timeline: Timeline;
  /** What was told of the load's changes, in scenarios that record watches; a row for each condition. */
  readonly watches?: readonly WatchRow[];
  /** What holders believed of their leases and members had of them, where the strategy has leases. */
  readonly leases?: readonly LeaseSpan[];
  readonly promises: readonly PromiseVerdict[];
  /** Of the scenario and the command line; they count beside the promises. */
  readonly thresholds?: readonly ThresholdVerdict[];
  readonly violations: readonly Violation[];
  /**
   * Where 0 ms is on the clock of the violations' nanoseconds; 0 when both are one clock. Without it reports cannot
   * lay the faults under the evidence, and do not.
   */
  readonly loadStartNs?: number;
  /** What the history's file, which is on the run's clock, calls the moment that is 0 here. */
  readonly historyStartNs?: number;
  readonly availability: Availability;
  /** What the cell took of the run's time; without it, it was not told. */
  readonly spent?: Spent;
  /** Paths relative to the result's folder. */
  readonly files: { readonly history: string; readonly logs: string; readonly schedule?: string };
}

/** Spent is where a cell's time went. */
export interface Spent {
  /** Of load that was recorded and counted, the faults in it; warm-up and final reads are not. */
  readonly measuredMs: number;
  readonly steps: readonly SpentStep[];
}

export interface SpentStep {
  readonly step: string;
  readonly ms: number;
}

/** before, during, after the faults; a scenario without faults has only `before`. Warm-up belongs to none. */
export interface Phase {
  readonly name: PhaseName;
  readonly fromMs: number;
  readonly toMs: number;
}
export type PhaseName = 'before' | 'during' | 'after';

export interface Fault {
  readonly nemesis: string;
  readonly sentence: string;
  readonly targets: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** From the command to inject it until it was in force: both within fromMs and toMs. */
  readonly injectMs?: number;
  /** From the command to heal it until nothing of it was left. */
  readonly healMs?: number;
}

export interface LeaderChange {
  readonly atMs: number;
  /** Null while a majority knows none. */
  readonly leader: string | null;
  readonly term: number;
}

export interface LoadSummary {
  readonly offered: number;
  readonly sent: number;
  readonly dropped: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly sendLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Latency of all that ended ok in one phase. */
export interface LatencyRow {
  readonly phase: PhaseName;
  readonly fromDueMs: Quantiles | null;
  readonly fromSendMs: Quantiles | null;
}

/** [percentile, ms], ascending, the last at 100. */
export interface PercentileCurve {
  readonly phase: PhaseName;
  readonly points: readonly (readonly [number, number])[];
}

/**
 * Of many operations those that make the same picture: all while they are few; else everything that did not end ok,
 * and of those that did one for each dot, the fastest and the slowest of each moment among them.
 */
export interface OperationSample {
  readonly of: Readonly<Record<Outcome, number>>;
  readonly shown: Readonly<Record<Outcome, number>>;
  /** When it was due; ascending. */
  readonly atMs: readonly number[];
  /** From when it was due until it returned, or its caller gave up. */
  readonly ms: readonly number[];
  /** A letter for each: o, f or i. */
  readonly outcomes: string;
}

/** Latency of one kind of operation in one phase. Quantiles of those that ended ok. */
export interface OperationRow {
  readonly phase: PhaseName;
  readonly f: OperationFunction;
  readonly grade?: Grade;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** From when it was due (what a user felt), then from when it was sent. Null when none ended ok. */
  readonly fromDueMs: Quantiles | null;
  readonly fromSendMs: Quantiles | null;
}

export interface Quantiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface CacheRow {
  readonly phase: PhaseName;
  readonly reads: number;
  readonly classes: Readonly<Record<CacheClass, number>>;
  /** (hit + stale + coalesced + refresh) / all that have a class; null when none has. */
  readonly hitRate: number | null;
}

/** Counted at the database itself, and at the instances' pools. */
export interface DatabaseRow {
  readonly phase: PhaseName;
  readonly role: 'primary' | 'replica';
  readonly seconds: number;
  readonly reads: number;
  readonly writes: number;
  readonly queriesPerSecond: number;
  readonly transactionsPerSecond: number;
}

/** A Timeline is equal-width buckets; every series has one number (or null) a bucket. */
export interface Timeline {
  readonly bucketMs: number;
  readonly fromMs: number;
  /** How many operations that were due in the bucket ended so. */
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
  /** Latency from due of what ended ok, by the time it was due. */
  readonly p50Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  readonly hitRate: readonly (number | null)[];
  /** Queries per second of primary and replica together. */
  readonly databaseQps: readonly (number | null)[];
  readonly primaryQps?: readonly (number | null)[];
  readonly replicaQps?: readonly (number | null)[];
  /** Reads that ended ok, by how the cache took part. */
  readonly cacheClasses?: Readonly<Record<CacheClass, readonly number[]>>;
  /** What was read off every half second, beside the load. */
  readonly gauges?: readonly Gauge[];
}

/** A Gauge is one figure of one process over time. */
export interface Gauge {
  /** The process: m1, s1, primary, driver. */
  readonly of: string;
  /**
   * How many cores were busy for it; what it holds in memory; acknowledged writes that wait in an instance; how old
   * what the replica shows is, and how much it has yet to replay.
   */
  readonly what: 'cpuCores' | 'memoryMiB' | 'queuedWrites' | 'replayLagMs' | 'replayLagBytes';
  /** Null while nothing could be read. */
  readonly values: readonly (number | null)[];
}

export interface PromiseVerdict {
  readonly promise: Promised;
  /** In words: "linearizable reads and writes". */
  readonly text: string;
  readonly state: PromiseState;
  readonly reason?: string;
  /** What was measured beside it, in words: how soon the end of each lease was noticed. */
  readonly note?: string;
  /** How many operations the judgement rests on. */
  readonly operations: number;
  readonly violations: number;
}

/** A bound on a figure, in k6's manner, and what became of it. */
export interface ThresholdVerdict {
  readonly metric: string;
  /** "<50" */
  readonly condition: string;
  /** Null when it was not measured. */
  readonly value: number | null;
  readonly state: PromiseState;
  readonly reason?: string;
}

export interface Availability {
  /** Worst share of ok among the buckets inside the faults; null without faults. */
  readonly worstOkShareDuring: number | null;
  /**
   * From the first fault until the service answered as before, whether the fault was still there or not; 0 when it
   * never ceased to, null when it never did again, or without faults.
   */
  readonly downMs: number | null;
  /** From the last heal until the steady state held again; null when it never did, or without faults. */
  readonly recoveryMs: number | null;
}

export interface SaturationRow {
  readonly strategy: string;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latencyMs: Quantiles;
  /** CPU time of the service instance per request. */
  readonly cpuMicrosPerRequest: number | null;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly state: PromiseState;
  readonly reason?: string;
}

/**
 * A Comparison holds strategies against each other. Its unit is the round: requests of one run are not independent of
 * each other, so a figure is the median over rounds, beside the least and the most of them.
 */
export interface Comparison {
  readonly scenario: string;
  readonly baseline: string;
  readonly rounds: {
    readonly planned: number;
    /** In which every strategy kept its promises under the load that was asked for; only these count. */
    readonly counted: number;
  };
  readonly rows: readonly ComparisonRow[];
  /** Sentences, made from the figures. */
  readonly conclusions: readonly string[];
  /** Whose figures stand beside the rows'. */
  readonly publishedBy: string;
}

/** All of the load before any fault. Null where no round counts. */
export interface ComparisonRow {
  readonly strategy: string;
  /** From when they were due, of all that ended ok. */
  readonly averageMs: Spread | null;
  readonly p99Ms: Spread | null;
  readonly hitRate: Spread | null;
  readonly databaseQps: Spread | null;
  /** Less (below 0) or more than the baseline in the same round. Null for the baseline itself. */
  readonly databaseQpsOverBaseline: Spread | null;
  readonly queriesPerRequest: Spread | null;
  /** Reads of the database that a client waited for, and those that a cache made ahead, for each request. */
  readonly missesPerRequest: Spread | null;
  readonly refreshesPerRequest: Spread | null;
  readonly published?: {
    readonly averageMs: number;
    readonly hitRate: number;
    readonly databaseQps: number;
  };
}

/** A Measured is the table of a scenario that measures something without strategies, and whether what should hold did. */
export interface Measured {
  readonly scenario: string;
  /** What the figures are, in a sentence. */
  readonly note: string;
  /** Of the figures. Two lines at most; the unit stands in it. */
  readonly headings: readonly string[];
  readonly rows: readonly MeasuredRow[];
  readonly state: PromiseState;
  /** Why it is broken or unknown. */
  readonly reason?: string;
  /** Sentences, made from the figures. */
  readonly conclusions: readonly string[];
}

/** A MeasuredRow has a figure for each heading: one, a spread over rounds, or none. */
export interface MeasuredRow {
  readonly name: string;
  readonly figures: readonly (number | Spread | null)[];
}

/** A WatchRow is what watchers were told of the changes that were made under one condition, one for each watcher. */
export interface WatchRow {
  /** normal, or what the scenario calls its faults. */
  readonly condition: string;
  /** Changes that should have been told; one that two watchers should be told counts twice. */
  readonly changes: number;
  /** Never told. */
  readonly missed: number;
  /** Tellings beyond the first. */
  readonly duplicated: number;
  /** Told after a later one. */
  readonly outOfOrder: number;
  /** Told later than the scenario allows. */
  readonly late: number;
  /** Told because a comparison found them, not because a stream brought them. */
  readonly repaired: number;
  /** From when the first member told it until the watcher was told. Null when none was. */
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
}

/** A LeaseSpan is one registration: from when to when, [fromMs, toMs], it was believed in and had. */
export interface LeaseSpan {
  readonly holder: string;
  /** mod_revision of its key: every registration has its own. */
  readonly epoch: number;
  /** From the first to the last time that the holder said so; null when it never did. */
  readonly believed: readonly [number, number] | null;
  /** From the first to the last time that any member had it. */
  readonly held: readonly [number, number] | null;
}

/** Over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
