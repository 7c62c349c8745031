import type { Cell, Comparison, ComparisonRow, Spread } from '../result.ts';
import { quantile } from './histogram.ts';

/** Figures in which a strategy may be claimed to be the best. */
export type ClaimedFigure = 'hitRate' | 'queriesPerRequest';

export type PublishedFigures = NonNullable<ComparisonRow['published']>;

export interface ComparisonOptions {
  readonly scenario: string;
  /** In the order of the rows; the baseline may be among them. */
  readonly strategies: readonly string[];
  readonly rounds: number;
  readonly baseline: string;
  readonly claimed: { readonly best: string; readonly in: readonly ClaimedFigure[] };
  readonly published: { readonly by: string; readonly rows: Readonly<Record<string, PublishedFigures>> };
  /** Of this scenario, each with its round. */
  readonly cells: readonly Cell[];
}

/** Fewer rounds than these show no difference. */
const leastRounds = 3;

/**
 * Holds the strategies against each other, round by round. Only rounds count in which every strategy that took part
 * kept its promises: one that is quick because it is wrong, or that was offered less load, is no measure.
 */
export function compare(options: ComparisonOptions): Comparison {
  const { scenario, baseline, published, cells } = options;
  const strategies = options.strategies.filter((name) => cells.some((cell) => cell.strategy === name));
  const counted = roundsOf(strategies, cells);
  const rows = strategies.map((strategy): ComparisonRow => {
    const figures = counted.map((round) => round.get(strategy)!);
    const over = (figure: keyof Figures) => spreadOf(figures.map((one) => one[figure]));
    const others = published.rows[strategy];
    return {
      strategy,
      averageMs: over('averageMs'),
      p99Ms: over('p99Ms'),
      hitRate: over('hitRate'),
      databaseQps: over('databaseQps'),
      databaseQpsOverBaseline:
        strategy === baseline
          ? null
          : spreadOf(counted.map((round) => overBaseline(round, strategy, baseline))),
      queriesPerRequest: over('queriesPerRequest'),
      missesPerRequest: over('missesPerRequest'),
      refreshesPerRequest: over('refreshesPerRequest'),
      ...(others && { published: others }),
    };
  });
  return {
    scenario,
    baseline,
    rounds: { planned: options.rounds, counted: counted.length },
    rows,
    conclusions: conclusionsOf(options, rows, counted),
    publishedBy: published.by,
  };
}

interface Figures {
  readonly averageMs: number | null;
  readonly p99Ms: number | null;
  readonly hitRate: number | null;
  readonly databaseQps: number | null;
  readonly queriesPerRequest: number | null;
  readonly missesPerRequest: number | null;
  readonly refreshesPerRequest: number | null;
}

/** A Round is the figures of every strategy in it. */
type Round = ReadonlyMap<string, Figures>;

function roundsOf(strategies: readonly string[], cells: readonly Cell[]): Round[] {
  const numbers = [...new Set(cells.map(({ round }) => round))];
  return numbers.flatMap((number) => {
    const kept = cells.filter(({ round, verdict }) => round === number && verdict === 'kept');
    const round = new Map(kept.map((cell) => [cell.strategy, figuresOf(cell)]));
    return strategies.every((strategy) => round.has(strategy)) && strategies.length > 0 ? [round] : [];
  });
}

function figuresOf(cell: Cell): Figures {
  const isBefore = ({ phase }: { readonly phase: string }) => phase === 'before';
  const latency = cell.latency?.find(isBefore)?.fromDueMs ?? null;
  const cache = cell.cache.find(isBefore);
  const servers = cell.database.filter(isBefore);
  const requests = sum(
    cell.operations.filter(isBefore),
    ({ outcomes: { ok, fail, info } }) => ok + fail + info,
  );
  const perRequest = (count: number | undefined) =>
    requests === 0 || count === undefined ? null : count / requests;
  return {
    averageMs: latency?.mean ?? null,
    p99Ms: latency?.p99 ?? null,
    hitRate: cache?.hitRate ?? null,
    databaseQps: servers.length === 0 ? null : sum(servers, (row) => row.queriesPerSecond),
    queriesPerRequest:
      servers.length === 0 ? null : perRequest(sum(servers, (row) => row.reads + row.writes)),
    missesPerRequest: perRequest(cache?.classes.miss),
    refreshesPerRequest: perRequest(cache?.classes.refresh),
  };
}

/** In the same round: what the machine did to one it did to the other. */
function overBaseline(round: Round, strategy: string, baseline: string): number | null {
  const [own, other] = [round.get(strategy)?.databaseQps, round.get(baseline)?.databaseQps];
  return own == null || other == null ? null : own - other;
}

/** Null when a round lacks the figure: a median of the others would be of other rounds than its neighbours. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0 || sorted.length < values.length) return null;
  const middle = (quantile(sorted, 0.5)! + sorted[sorted.length >> 1]!) / 2;
  return { median: middle, min: sorted[0]!, max: sorted.at(-1)! };
}

const figureWords: Readonly<
  Record<ClaimedFigure, { best: string; better(a: number, b: number): boolean; tell(value: number): string }>
> = {
  hitRate: { best: 'the best hit rate', better: (a, b) => a > b, tell: percent },
  queriesPerRequest: {
    best: 'the fewest database queries per request',
    better: (a, b) => a < b,
    tell: (value) => value.toFixed(3),
  },
};

function conclusionsOf(
  { claimed, baseline, rounds: planned }: ComparisonOptions,
  rows: readonly ComparisonRow[],
  rounds: readonly Round[],
): string[] {
  if (rounds.length < leastRounds) {
    return [
      `Not enough data for a conclusion: ${rounds.length} of ${planned} rounds count, ${leastRounds} are needed.`,
    ];
  }
  const own = rows.find(({ strategy }) => strategy === claimed.best);
  const rivals = rows.filter(({ strategy }) => strategy !== claimed.best && strategy !== baseline);
  const sentences =
    own && rivals.length > 0 ? claimed.in.map((figure) => judged(figure, own, rivals, rounds)) : [];
  return [...sentences, ...orderOfHitRates(rows.filter(({ strategy }) => strategy !== baseline))];
}

/** Whether the claim holds in this figure: in every round against everyone, or not, or sometimes. */
function judged(
  figure: ClaimedFigure,
  own: ComparisonRow,
  rivals: readonly ComparisonRow[],
  rounds: readonly Round[],
): string {
  const { best, better, tell } = figureWords[figure];
  const told = (row: ComparisonRow) =>
    `${row.strategy} ${row[figure] ? tell(row[figure].median) : 'unknown'}`;
  const wins = (a: ComparisonRow, b: ComparisonRow) =>
    rounds.filter((round) => {
      const [left, right] = [round.get(a.strategy)?.[figure], round.get(b.strategy)?.[figure]];
      return left != null && right != null && better(left, right);
    }).length;
  const medians = [own, ...rivals].map(told).join(', ');
  if (rivals.every((rival) => wins(own, rival) === rounds.length)) {
    return `${own.strategy} has ${best} of the ${rivals.length + 1} in each of ${rounds.length} rounds: ${medians}.`;
  }
  const ahead = rivals.filter((rival) => wins(rival, own) === rounds.length);
  if (ahead.length === 0) {
    const against = rivals.map((rival) => `${rival.strategy} in ${wins(own, rival)}`).join(', ');
    return `Whether ${own.strategy} has ${best} cannot be told: of ${rounds.length} rounds it is ahead of ${against}; ${medians}.`;
  }
  const reason = figure === 'queriesPerRequest' ? whyMoreQueries(own, ahead) : '';
  return `${own.strategy} does not have ${best}: ${ahead.map(({ strategy }) => strategy).join(' and ')} ${ahead.length === 1 ? 'is' : 'are'} ahead of it in each of ${rounds.length} rounds; ${medians}.${reason}`;
}

/** What a policy reads ahead is set against the misses that this saves it. */
function whyMoreQueries(own: ComparisonRow, ahead: readonly ComparisonRow[]): string {
  const rival = ahead[0]!;
  const medians = [own, rival].map((row) => [row.missesPerRequest?.median, row.refreshesPerRequest?.median]);
  const [[misses, refreshes], [rivalMisses, rivalRefreshes]] = medians as [
    (number | undefined)[],
    (number | undefined)[],
  ];
  if (misses == null || refreshes == null || rivalMisses == null || rivalRefreshes == null) return '';
  const saved = rivalMisses - misses;
  const readAhead = refreshes - rivalRefreshes;
  if (!(readAhead > 0)) return '';
  const compared = readAhead > saved ? 'more than' : 'no more than';
  return ` For each request it reads ${readAhead.toFixed(3)} ahead, ${compared} the ${saved.toFixed(3)} misses that it saves against ${rival.strategy}: what is read before its life ends is read more often.`;
}

/** Told where it differs from what was published, which it may on another machine, load and set of keys. */
function orderOfHitRates(rows: readonly ComparisonRow[]): string[] {
  const both = rows.filter(({ hitRate, published }) => hitRate && published);
  if (both.length < 2) return [];
  const by = (rate: (row: ComparisonRow) => number) =>
    [...both].sort((a, b) => rate(b) - rate(a)).map((row) => `${row.strategy} ${percent(rate(row))}`);
  const here = by((row) => row.hitRate!.median);
  const published = by((row) => row.published!.hitRate);
  const names = (list: readonly string[]) => list.map((text) => text.split(' ')[0]).join();
  const same = names(here) === names(published);
  return [
    `Hit rates come in ${same ? 'the published order' : 'another order than published'}: ${here.join(', ')}${same ? '' : ` (published: ${published.join(', ')})`}.`,
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
