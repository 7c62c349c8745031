import { seeded } from '../random.ts';
import type { Cell, PhaseName, Result } from '../result.ts';
import { judgeThresholds, threshold } from './threshold.ts';

/** What the new runs are against the base: for a latency better is faster. */
export type Judgement = 'better' | 'worse' | 'no difference' | 'not enough data';

/** A RunComparison holds new runs of the same cells against earlier ones. */
export interface RunComparison {
  readonly cells: readonly ComparedCell[];
  /** What a reader must know before trusting it: other machines, other rates, cells that are missing. */
  readonly warnings: readonly string[];
  /** worse: a gate is crossed. unknown: something that a gate needs could not be compared. */
  readonly state: 'passed' | 'worse' | 'unknown';
  readonly gates: readonly string[];
}

export interface ComparedCell {
  readonly scenario: string;
  readonly strategy: string;
  readonly rows: readonly ComparedMetric[];
}

export interface ComparedMetric {
  readonly metric: string;
  readonly kind: MetricKind;
  /** Medians over the runs that have it. */
  readonly base: number | null;
  readonly next: number | null;
  /** New over base less 1 (of a hit rate: new less base); the mean over pairs, then its 99 % interval. Null without. */
  readonly effect: number | null;
  readonly interval: readonly [number, number] | null;
  readonly pairs: number;
  readonly judgement: Judgement;
  readonly gated: boolean;
}

/** count: must not grow. share: compared by difference. cost and latency: compared by ratio, less is better. */
type MetricKind = 'count' | 'share' | 'cost' | 'latency';

interface Metric {
  readonly kind: MetricKind;
  /** Within it nothing is called different: runs of the same differ so much. */
  readonly band: number;
  of(cell: Cell): number | null;
}

const metrics: Readonly<Record<string, Metric>> = {
  'promises.broken': { kind: 'count', band: 0, of: figure('promises.broken') },
  hitRate: { kind: 'share', band: 0.02, of: figure('hitRate') },
  dbReadsPerRequest: { kind: 'cost', band: 0.05, of: figure('dbReadsPerRequest') },
  p50: { kind: 'latency', band: 0.05, of: latency('p50', 'before') },
  p99: { kind: 'latency', band: 0.1, of: latency('p99', 'before') },
};

export const comparedMetrics = Object.keys(metrics);

/** The figures of a cell that are compared, as far as they were measured. */
export function comparedFigures(cell: Cell): { metric: string; value: number }[] {
  return Object.entries(metrics).flatMap(([metric, { of }]) => {
    const value = of(cell);
    return value === null ? [] : [{ metric, value }];
  });
}

/** What does not depend on the clock. Latency is a gate only when it is asked for. */
export const usualGates: readonly string[] = ['promises.broken', 'hitRate', 'dbReadsPerRequest'];

/** Fewer pairs of runs say nothing about a latency: requests of one run are not independent of each other. */
const leastPairs = 8;
const resamples = 4_000;

/**
 * Compares run by run: the first of the base with the first of the new, and so on (rounds of one run count as runs).
 * The interval is bootstrapped over the pairs' log ratios; a difference is called when it lies outside of the
 * interval and of the metric's noise band. Counts that do not depend on the clock are compared even of one pair.
 */
export function compareRuns(
  base: readonly Result[],
  next: readonly Result[],
  gates: readonly string[] = usualGates,
): RunComparison {
  const [before, after] = [cellsByName(base), cellsByName(next)];
  const warnings = differences(base, next);
  let unknown = false;
  const compared: ComparedCell[] = [];
  for (const [name, old] of before) {
    const young = after.get(name);
    if (young === undefined) {
      warnings.push(`${name} is not in the new runs`);
      unknown = true;
      continue;
    }
    const spoiled = [...old, ...young].filter(({ verdict }) => ['unknown', 'error'].includes(verdict));
    if (spoiled.length > 0) {
      warnings.push(`${name}: ${spoiled[0]!.reason ?? `a run is ${spoiled[0]!.verdict}`}`);
      unknown ||= young.some((cell) => spoiled.includes(cell));
    }
    const { scenario, strategy } = old[0]!;
    compared.push({
      scenario,
      strategy,
      rows: Object.entries(metrics).flatMap(([metric, how]) => {
        const row = comparedMetric(metric, how, old, young, gates.includes(metric));
        return row.base === null && row.next === null ? [] : [row];
      }),
    });
  }
  for (const name of after.keys()) if (!before.has(name)) warnings.push(`${name} is not in the base`);
  const gated = compared.flatMap(({ rows }) => rows.filter((row) => row.gated));
  const state = gated.some(({ judgement }) => judgement === 'worse')
    ? 'worse'
    : unknown || gated.length === 0 || gated.some(({ judgement }) => judgement === 'not enough data')
      ? 'unknown'
      : 'passed';
  return { cells: compared, warnings, state, gates };
}

function comparedMetric(
  metric: string,
  { kind, band, of }: Metric,
  old: readonly Cell[],
  young: readonly Cell[],
  gated: boolean,
): ComparedMetric {
  const [before, after] = [old.map(of), young.map(of)];
  const pairs = before.flatMap((a, i) => {
    const b = after[i];
    return a == null || b == null ? [] : [[a, b] as const];
  });
  const known = (values: readonly (number | null)[]) => median(values.filter((n) => n !== null));
  const told = { metric, kind, base: known(before), next: known(after), pairs: pairs.length, gated };
  if (pairs.length === 0) return { ...told, effect: null, interval: null, judgement: 'not enough data' };
  if (kind === 'count') {
    const effect = Math.max(...pairs.map(([, b]) => b)) - Math.max(...pairs.map(([a]) => a));
    return { ...told, effect, interval: null, judgement: judged(effect, 0) };
  }
  const share = kind === 'share';
  // A ratio to nothing is none: what cost nothing before and costs something now is compared by the difference.
  const ratios = !share && pairs.every(([a, b]) => a > 0 && b > 0);
  const changes = pairs.map(([a, b]) => (ratios ? Math.log(b / a) : b - a));
  const shown = (change: number) => (ratios ? Math.expm1(change) : change);
  const effect = shown(mean(changes));
  const interval = pairs.length < leastPairs ? null : bootstrapped(changes);
  const shownInterval = interval && ([shown(interval[0]), shown(interval[1])] as const);
  if (kind === 'latency' && interval === null)
    return { ...told, effect, interval: null, judgement: 'not enough data' };
  const certain = interval === null || interval[0] > 0 || interval[1] < 0;
  const judgement = certain ? judged(share ? -effect : effect, band) : 'no difference';
  return { ...told, effect, interval: shownInterval, judgement };
}

function judged(worseBy: number, band: number): Judgement {
  if (worseBy > band) return 'worse';
  return worseBy < -band ? 'better' : 'no difference';
}

/**
 * 99 %, by percentiles of the means of resampled pairs, widened as Student's t is wider than the normal: resampled
 * few are too much like each other (Hesterberg 2015, narrowness bias). The same numbers give the same interval.
 */
function bootstrapped(values: readonly number[]): readonly [number, number] {
  const random = seeded(values.length);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[random.integer(0, values.length - 1)]!;
    return sum / values.length;
  }).sort((a, b) => a - b);
  const middle = mean(values);
  const widened = (bound: number) => middle + (bound - middle) * tOverNormal(values.length - 1);
  return [widened(means[Math.floor(resamples * 0.005)]!), widened(means[Math.floor(resamples * 0.995)]!)];
}

/** The 99.5 % quantile of t over that of the normal distribution (Cornish and Fisher), and the bias of the variance. */
function tOverNormal(degrees: number): number {
  const z = 2.5758;
  const t = 1 + (z ** 2 + 1) / (4 * degrees) + (5 * z ** 4 + 16 * z ** 2 + 3) / (96 * degrees ** 2);
  return t * Math.sqrt((degrees + 1) / degrees);
}

/** The cells of all runs by name, in the order of the runs and their rounds. */
function cellsByName(results: readonly Result[]): Map<string, Cell[]> {
  const byName = new Map<string, Cell[]>();
  for (const cell of results.flatMap(({ cells }) => cells)) {
    const name = `${cell.scenario} · ${cell.strategy}`;
    byName.set(name, [...(byName.get(name) ?? []), cell]);
  }
  return byName;
}

/** Latencies of two machines, or under two loads, do not compare; nor do two etcds without a word about it. */
function differences(base: readonly Result[], next: readonly Result[]): string[] {
  const facts: readonly [string, (result: Result) => string][] = [
    ['machine', ({ manifest: { machine } }) => `${machine.cpus} × ${machine.cpuModel}`],
    ['profile', ({ manifest }) => manifest.profile],
    ['etcd', ({ manifest }) => manifest.versions.etcd],
    ['PostgreSQL', ({ manifest }) => manifest.versions.postgres],
    ['rate', ({ cells }) => [...new Set(cells.map(({ ratePerSecond }) => `${ratePerSecond}/s`))].join(', ')],
  ];
  return facts.flatMap(([name, of]) => {
    const [a, b] = [base, next].map((results) => [...new Set(results.map(of))].join(' and '));
    return a === b ? [] : [`another ${name}: ${a} before, ${b} now`];
  });
}

function figure(metric: string): Metric['of'] {
  const bound = threshold(metric, '>=0');
  return (cell) => judgeThresholds([bound], cell)[0]!.value;
}

function latency(statistic: 'p50' | 'p99', phase: PhaseName): Metric['of'] {
  return (cell) => cell.latency?.find((row) => row.phase === phase)?.fromDueMs?.[statistic] ?? null;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
