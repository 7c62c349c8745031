import type { Outcome } from '../harness/history/operation.ts';
import type { CacheRow, Cell, DatabaseRow, LatencyRow, PhaseName, Quantiles } from '../harness/result.ts';
import { duration, moment } from './figures.ts';

/** A Digest is one cell in a dozen figures: the line of the summary table. */
export interface Digest {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly before: Latency | null;
  readonly during: Latency | null;
  readonly after: Latency | null;
  /** Over the whole load, from its counts. */
  readonly hitRate: number | null;
  readonly databaseQps: number | null;
  readonly downMs: number | null;
  readonly recoveryMs: number | null;
  /** There were faults, the load went on after them, and the steady state did not come back. */
  readonly neverRecovered: boolean;
  readonly leaders: LeaderStory;
}

/** From due of all that ended ok in a phase. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  /**
   * False when the result has no figures for all kinds together: these are then the slowest kind's, since
   * quantiles of several kinds cannot be put together again.
   */
  readonly allKinds: boolean;
}

export interface LeaderStory {
  /** m1, then m3: each leader once for each time that it took over. */
  readonly names: readonly string[];
  readonly changes: number;
  /** Time in which no majority knew a leader, within what was observed. */
  readonly withoutMs: number;
  /** "m1→m3", "m1→…→m2 (3×)", "m1" when it stayed, "m1→none" when it was lost. */
  readonly text: string;
}

export function digest(cell: Cell): Digest {
  return {
    outcomes: cell.load.outcomes,
    before: latencyIn(cell, 'before'),
    during: latencyIn(cell, 'during'),
    after: latencyIn(cell, 'after'),
    hitRate: overallHitRate(cell.cache),
    databaseQps: overallQps(cell.database),
    downMs: cell.availability.downMs,
    recoveryMs: cell.availability.recoveryMs,
    neverRecovered:
      cell.availability.recoveryMs === null &&
      cell.verdict !== 'error' &&
      cell.phases.some((phase) => phase.name === 'after'),
    leaders: leaderStory(cell),
  };
}

/** A strategy by its name, with the round where the scenario has several. */
export function strategyIn({ strategy, round }: Pick<Cell, 'strategy' | 'round'>): string {
  return round === undefined ? strategy : `${strategy} #${round}`;
}

/** What was to be done when, a row a fault: at, for, fault, options. */
export function scheduleRows({ schedule = [] }: Pick<Cell, 'schedule'>): [string, string, string, string][] {
  return schedule.map(({ atMs, forMs, nemesis, options = {} }) => [
    moment(atMs),
    moment(forMs),
    nemesis,
    Object.entries(options)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ]);
}

/** 'full-disk was left out: mounting needs root' */
export function skippedTexts({ skipped = [] }: Pick<Cell, 'skipped'>): string[] {
  return skipped.map(({ nemesis, reason }) => `${nemesis} was left out: ${reason}`);
}

/** What came of it, a row a fault: from, to, in force after, healed in, what was done. */
export function faultRows({ faults }: Pick<Cell, 'faults'>): [string, string, string, string, string][] {
  return faults.map(({ fromMs, toMs, injectMs, healMs, sentence }) => [
    moment(fromMs),
    moment(toMs),
    duration(injectMs),
    duration(healMs),
    sentence,
  ]);
}

/** The phases that this cell has rows for, in the order of time. */
export function phasesOf(cell: Cell): PhaseName[] {
  const rows = [...cell.phases.map((phase) => phase.name), ...cell.operations.map((row) => row.phase)];
  return (['before', 'during', 'after'] as const).filter((name) => rows.includes(name));
}

export function recoveryText(of: Pick<Digest, 'neverRecovered' | 'recoveryMs'>): string {
  return of.neverRecovered ? 'never' : duration(of.recoveryMs);
}

function latencyIn(cell: Cell, phase: PhaseName): Latency | null {
  const together: LatencyRow | undefined = cell.latency?.find((row) => row.phase === phase);
  if (together !== undefined) return together.fromDueMs && { ...pair(together.fromDueMs), allKinds: true };
  const kinds = cell.operations
    .filter((row) => row.phase === phase && row.fromDueMs !== null)
    .map((row) => row.fromDueMs!);
  if (kinds.length === 0) return null;
  return {
    p50: Math.max(...kinds.map((kind) => kind.p50)),
    p99: Math.max(...kinds.map((kind) => kind.p99)),
    allKinds: kinds.length === 1,
  };
}

function pair({ p50, p99 }: Quantiles): { p50: number; p99: number } {
  return { p50, p99 };
}

function overallHitRate(rows: readonly CacheRow[]): number | null {
  let all = 0;
  let misses = 0;
  for (const { classes } of rows) {
    all += classes.hit + classes.stale + classes.coalesced + classes.refresh + classes.miss;
    misses += classes.miss;
  }
  return all === 0 ? null : (all - misses) / all;
}

/** Queries of primary and replica together, over the time in which they were counted. */
function overallQps(rows: readonly DatabaseRow[]): number | null {
  const seconds = new Map<DatabaseRow['role'], number>();
  let queries = 0;
  for (const row of rows) {
    queries += row.queriesPerSecond * row.seconds;
    seconds.set(row.role, (seconds.get(row.role) ?? 0) + row.seconds);
  }
  const longest = Math.max(0, ...seconds.values());
  return longest === 0 ? null : queries / longest;
}

function leaderStory(cell: Cell): LeaderStory {
  const names: string[] = [];
  let withoutMs = 0;
  cell.leaders.forEach((change, i) => {
    if (change.leader === null) {
      const until = cell.leaders[i + 1]?.atMs ?? endOf(cell);
      withoutMs += Math.max(0, until - change.atMs);
    } else if (change.leader !== names.at(-1)) names.push(change.leader);
  });
  const changes = Math.max(0, names.length - 1);
  return {
    names,
    changes,
    withoutMs,
    text: leaderText(names, changes, cell.leaders.at(-1)?.leader === null),
  };
}

function leaderText(names: readonly string[], changes: number, lost: boolean): string {
  if (names.length === 0) return '–';
  if (lost) return `${names.at(-1)}→none`;
  if (changes === 0) return names[0]!;
  if (changes <= 2) return names.join('→');
  return `${names[0]}→…→${names.at(-1)} (${changes}×)`;
}

/** From the first fault until the cluster was seen with another leader, or without one; null when it never was. */
export function detectedMs({ faults, leaders }: Pick<Cell, 'faults' | 'leaders'>): number | null {
  if (faults.length === 0) return null;
  const fromMs = Math.min(...faults.map((fault) => fault.fromMs));
  const before = leaders.filter(({ atMs }) => atMs <= fromMs).at(-1);
  const after = leaders.find(({ atMs, leader }) => atMs > fromMs && leader !== before?.leader);
  return after === undefined ? null : after.atMs - fromMs;
}

/** Where the cell's timeline ends, on its clock. */
export function endOf(cell: Cell): number {
  const { fromMs, bucketMs, ok } = cell.timeline;
  return Math.max(fromMs + bucketMs * ok.length, ...cell.phases.map((phase) => phase.toMs), 0);
}
