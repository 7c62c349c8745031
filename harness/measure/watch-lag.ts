import { Delivery } from '../checker/watch/delivery.ts';
import { EventLog } from '../checker/watch/event-log.ts';
import type { FaultWindow } from '../history/operation.ts';
import type { WatcherHistory, WatchHistory } from '../history/watch.ts';
import type { Cell, Measured, WatchRow } from '../result.ts';
import type { WatchingPlan } from '../scenario.ts';
import { spreadOf } from './comparison.ts';
import { quantile } from './histogram.ts';

/** What there is before the first fault. */
export const normal = 'normal';

export interface WatchLagOptions {
  readonly watches: WatchHistory;
  readonly faults: readonly FaultWindow[];
  readonly plan: Pick<WatchingPlan, 'lateMs' | 'conditions'>;
  /** Only changes of the load count; on the clock of the history. */
  readonly fromNs: number;
  readonly toNs: number;
}

/** One change that one watcher asked for. */
interface Change {
  readonly condition: string;
  /** From when the first member told it until the watcher did; undefined: it never did. */
  delayMs?: number;
  duplicated: number;
  outOfOrder: boolean;
  repaired: boolean;
}

/**
 * How late, how often and in which order each change was told to each watcher, by the condition under which it was
 * made: that which began with the last fault before it. What went on under one fault and was told after the next
 * counts as of the first.
 */
export function watchLag({ watches, faults, plan, fromNs, toNs }: WatchLagOptions): WatchRow[] {
  const log = new EventLog(watches.log);
  const begins = faults
    .filter(({ nemesis }) => nemesis in plan.conditions)
    .map((fault) => ({ fromNs: fault.fromNs, condition: plan.conditions[fault.nemesis]! }))
    .sort((a, b) => a.fromNs - b.fromNs);
  const conditionAt = (ns: number) => begins.findLast((one) => one.fromNs <= ns)?.condition ?? normal;
  const changes = watches.watchers.flatMap((watcher) => {
    const wanted = new Map<number, Change>();
    const delivery = new Delivery(log, watcher);
    log.events.forEach(({ key, kind, revision, atNs }, index) => {
      if (atNs === undefined || atNs < fromNs || atNs > toNs) return;
      if (revision < (watcher.asked.startRevision ?? 0) || !delivery.wants({ key, kind })) return;
      wanted.set(index, { condition: conditionAt(atNs), duplicated: 0, outOfOrder: false, repaired: false });
    });
    follow(watcher, delivery, wanted);
    return [...wanted.values()];
  });
  return [...new Set([normal, ...Object.values(plan.conditions)])].map((condition) =>
    rowOf(
      condition,
      changes.filter((one) => one.condition === condition),
      plan.lateMs,
    ),
  );
}

function follow(watcher: WatcherHistory, delivery: Delivery, wanted: ReadonlyMap<number, Change>): void {
  let newest = 0;
  for (const told of watcher.told) {
    for (const { event, index, again } of delivery.hear(told).events) {
      const change = index == null ? undefined : wanted.get(index);
      if (change && again) change.duplicated += 1;
      else if (change) {
        change.delayMs = Math.max(0, (told.atNs - delivery.log.events[index!]!.atNs!) / 1e6);
        change.repaired = event.compared === true;
        // What a comparison found has its place in the order of its key alone.
        change.outOfOrder = !event.compared && event.revision < newest;
      }
      if (!event.compared) newest = Math.max(newest, event.revision);
    }
  }
}

function rowOf(condition: string, changes: readonly Change[], lateMs: number): WatchRow {
  const delays = changes
    .flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]))
    .sort((a, b) => a - b);
  const count = (of: (change: Change) => boolean) => changes.filter(of).length;
  return {
    condition,
    changes: changes.length,
    missed: count(({ delayMs }) => delayMs === undefined),
    duplicated: changes.reduce((sum, { duplicated }) => sum + duplicated, 0),
    outOfOrder: count(({ outOfOrder }) => outOfOrder),
    late: count(({ delayMs }) => delayMs !== undefined && delayMs > lateMs),
    repaired: count(({ repaired }) => repaired),
    delayP50Ms: quantile(delays, 0.5) ?? null,
    delayP99Ms: quantile(delays, 0.99) ?? null,
  };
}

/**
 * Puts the rounds together: counts are sums, delays a value for each round. A round counts when no cell of it was
 * broken by the harness, and all were measured under the load that was asked for.
 */
export function watchTable(options: {
  readonly scenario: string;
  readonly plan: WatchingPlan;
  /** Of this scenario, each with its round. */
  readonly cells: readonly Cell[];
}): Measured {
  const { scenario, plan, cells } = options;
  const strategies = plan.strategies.filter((name) => cells.some(({ strategy }) => strategy === name));
  const measured = (cell: Cell) =>
    cell.watches !== undefined && (cell.verdict === 'kept' || cell.verdict === 'broken');
  const rounds = [...new Set(cells.map(({ round }) => round))]
    .map((round) => cells.filter((cell) => cell.round === round && measured(cell)))
    .filter((round) => strategies.every((name) => round.some(({ strategy }) => strategy === name)));
  const counted = rounds.flat();
  const conditions = [...new Set([normal, ...Object.values(plan.conditions)])];
  const groups = conditions.flatMap((condition) =>
    strategies.map((strategy): Group => {
      const own = counted.filter((cell) => cell.strategy === strategy);
      const rows = own.flatMap(({ watches }) => watches!.filter((row) => row.condition === condition));
      return { condition, strategy, rows };
    }),
  );
  return {
    scenario,
    note:
      `Counts over ${rounds.length} of ${plan.rounds} rounds, delays their median: from when the first member told a ` +
      `change until the watcher was told. Late is over ${plan.lateMs} ms; repaired: a comparison found it, no stream ` +
      `brought it. Published figures, measured elsewhere: ${plan.published.by}.`,
    headings: [
      'changes',
      'delay p50\nms',
      'delay p99\nms',
      'missed',
      'told\ntwice',
      'out of\norder',
      'late',
      'repaired',
    ],
    rows: groups.map((group) => ({
      name: `${group.condition} · ${group.strategy}`,
      figures: [
        sum(group, 'changes'),
        spreadOf(group.rows.map(({ delayP50Ms }) => delayP50Ms)),
        spreadOf(group.rows.map(({ delayP99Ms }) => delayP99Ms)),
        sum(group, 'missed'),
        sum(group, 'duplicated'),
        sum(group, 'outOfOrder'),
        sum(group, 'late'),
        sum(group, 'repaired'),
      ],
    })),
    ...(rounds.length > 0
      ? { state: 'kept', conclusions: conclusionsOf(groups, plan) }
      : { state: 'unknown', reason: 'no round counts: see the cells', conclusions: [] }),
  };
}

/** The rounds of one way of watching under one condition. */
interface Group {
  readonly condition: string;
  readonly strategy: string;
  readonly rows: readonly WatchRow[];
}

type Counted = 'changes' | 'missed' | 'duplicated' | 'outOfOrder' | 'late' | 'repaired';

function sum({ rows }: Group, of: Counted): number {
  return rows.reduce((total, row) => total + row[of], 0);
}

function conclusionsOf(groups: readonly Group[], { published, lateMs }: WatchingPlan): string[] {
  const conditions = [...new Set(groups.map(({ condition }) => condition))];
  return conditions.map((condition) => {
    const told = groups
      .filter((group) => group.condition === condition && sum(group, 'changes') > 0)
      .map((group) => `${group.strategy} ${wrongOf(group)}`);
    if (told.length === 0) return `${condition}: no change was made under it.`;
    const claim = published.rows[condition];
    const claimed = claim ? ` (published: ${claim.delay}, ${claim.wrong} wrong)` : '';
    return `${condition}${claimed}: ${told.join('; ')}. Late is over ${lateMs} ms.`;
  });
}

/** "missed 12, told late 3 of 2,400 (0.6 %)" */
function wrongOf(group: Group): string {
  const wrong = [
    [sum(group, 'missed'), 'missed'],
    [sum(group, 'duplicated'), 'told twice'],
    [sum(group, 'outOfOrder'), 'told out of order'],
    [sum(group, 'late'), 'told late'],
  ] as const;
  const changes = sum(group, 'changes');
  const parts = wrong.filter(([count]) => count > 0).map(([count, what]) => `${what} ${count}`);
  const share = (100 * wrong.reduce((total, [count]) => total + count, 0)) / changes;
  return parts.length === 0
    ? `nothing wrong of ${changes}`
    : `${parts.join(', ')} of ${changes} (${share.toFixed(1)} %)`;
}
