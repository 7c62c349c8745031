import type { Cell, PhaseName, PromiseState, Quantiles, ThresholdVerdict } from '../result.ts';
import { memoryGrowth } from './memory-growth.ts';

/** A Threshold is a bound on one figure of a cell, in k6's manner: `'read.p99': '<50'`, `'promises.broken': '==0'`. */
export interface Threshold {
  readonly metric: string;
  readonly operator: Operator;
  readonly bound: number;
}

export type Thresholds = Readonly<Record<string, string>>;

const operators = ['<=', '>=', '==', '!=', '<', '>'] as const;
type Operator = (typeof operators)[number];

const statistics = ['p50', 'p90', 'p99', 'mean', 'max'] as const;
const functions = ['read', 'write', 'cas', 'delete', 'txn', 'append'] as const;
const phases = ['before', 'during', 'after'] as const;

/** Figures of the cell as a whole; latencies (`p99`, `read.p99`, `read.p99{phase:during}`) are beside them. */
const figures = {
  'promises.broken': ({ promises }) => promises.filter(({ state }) => state === 'broken').length,
  'promises.unknown': ({ promises }) => promises.filter(({ state }) => state === 'unknown').length,
  violations: ({ promises }) => sum(promises, (one) => one.violations),
  okShare: ({ load: { outcomes } }) => share(outcomes.ok, outcomes.ok + outcomes.fail + outcomes.info),
  hitRate: ({ cache }) => {
    const misses = sum(cache, ({ classes }) => classes.miss);
    const all = sum(cache, ({ classes }) => sum(Object.values(classes), (n) => n));
    return share(all - misses, all);
  },
  dbReadsPerRequest: ({ database, operations }) =>
    database.length === 0
      ? null
      : share(
          sum(database, ({ reads }) => reads),
          sum(operations, ({ outcomes: { ok, fail, info } }) => ok + fail + info),
        ),
  dropped: ({ load }) => load.dropped,
  'sendLag.p99': ({ load }) => load.sendLagMs.p99,
  downMs: ({ availability }) => availability.downMs,
  recoveryMs: ({ availability }) => availability.recoveryMs,
  memoryGrowth,
} as const satisfies Record<string, (cell: Cell) => number | null>;

/** In words, for messages and help. */
export const metricNames = `${Object.keys(figures).join(', ')}, and latencies in ms: ${statistics.join(', ')}, of one kind as read.p99, in one phase as read.p99{phase:during}`;

/** `read.p99<50`, as the command line has it. Throws a RangeError that names what was expected. */
export function parseThreshold(text: string): Threshold {
  const found = /^\s*([^<>=!]+?)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*$/.exec(text);
  if (found === null)
    throw new RangeError(
      `a threshold should be a metric, one of ${operators.join(' ')} and a number, as in 'read.p99<50', got '${text}'`,
    );
  return threshold(found[1]!, `${found[2]}${found[3]}`);
}

/** Of a scenario's `'read.p99': '<50'`. Throws a RangeError. */
export function threshold(metric: string, condition: string): Threshold {
  const found = /^\s*(<=|>=|==|!=|<|>)\s*([\d.+-][\d.eE+-]*)\s*$/.exec(condition);
  const bound = Number(found?.[2]);
  if (found === null || !Number.isFinite(bound))
    throw new RangeError(
      `the threshold of ${metric} should be one of ${operators.join(' ')} and a number, as in '<50', got '${condition}'`,
    );
  if (!Object.hasOwn(figures, metric) && latencyOf(metric) === null)
    throw new RangeError(`a threshold's metric should be one of ${metricNames}; got '${metric}'`);
  return { metric, operator: found[1] as Operator, bound };
}

/**
 * Holds a cell against thresholds. A figure that was not measured leaves its threshold unknown. Quantiles of several
 * kinds or phases cannot be put together, so a latency holds when it does in each of them; the one furthest off is told.
 */
export function judgeThresholds(thresholds: readonly Threshold[], cell: Cell): ThresholdVerdict[] {
  return thresholds.map(({ metric, operator, bound }) => {
    const values = valuesOf(metric, cell);
    const worst = values.find((value) => !holds(value, operator, bound)) ?? values[0];
    const state: PromiseState =
      worst === undefined ? 'unknown' : holds(worst, operator, bound) ? 'kept' : 'broken';
    return {
      metric,
      condition: `${operator}${bound}`,
      value: worst ?? null,
      state,
      ...(worst === undefined && { reason: `${metric} was not measured` }),
    };
  });
}

/** All that have to hold, those furthest up first; none when nothing was measured. */
function valuesOf(metric: string, cell: Cell): number[] {
  // Nothing that was not offered any load has figures, whatever stands in their places.
  if (cell.load.offered === 0) return [];
  if (Object.hasOwn(figures, metric)) {
    const value = figures[metric as keyof typeof figures](cell);
    return value === null ? [] : [value];
  }
  const { f, statistic, phase } = latencyOf(metric)!;
  const rows: readonly { readonly phase: PhaseName; readonly fromDueMs: Quantiles | null }[] =
    f === null && cell.latency !== undefined
      ? cell.latency
      : cell.operations.filter((row) => f === null || row.f === f);
  return rows
    .filter((row) => phase === null || row.phase === phase)
    .flatMap((row) => row.fromDueMs?.[statistic] ?? [])
    .sort((a, b) => b - a);
}

function latencyOf(metric: string) {
  const found = /^(?:([a-z]+)\.)?([a-z0-9]+)(?:\{phase:([a-z]+)\})?$/.exec(metric);
  if (found === null) return null;
  const [, f, statistic, phase] = found;
  if (f !== undefined && !functions.some((one) => one === f)) return null;
  if (!statistics.some((one) => one === statistic)) return null;
  if (phase !== undefined && !phases.some((one) => one === phase)) return null;
  return { f: f ?? null, statistic: statistic as (typeof statistics)[number], phase: phase ?? null };
}

function holds(value: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '==':
      return value === bound;
    case '!=':
      return value !== bound;
  }
}

function share(part: number, all: number): number | null {
  return all === 0 ? null : part / all;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
