import { mkdir, readFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { cellName } from './cell-name.ts';
import type { Images } from './cluster/docker/images.ts';
import type { ExternalPlace } from './cluster/external/external-cluster.ts';
import type { Tuning } from './cluster/tuning.ts';
import { compare } from './measure/comparison.ts';
import { watchTable } from './measure/watch-lag.ts';
import type { OriginalToxiproxy } from './network/toxiproxy/original.ts';
import type { Progress } from './progress.ts';
import { projectRoot } from './project.ts';
import type { Cell, Manifest, Matrix, Result } from './result.ts';
import { runCell } from './run-cell.ts';
import type { Profile, Scenario } from './scenario.ts';
import type { StrategyDescription } from './service/strategy.ts';

/** A Plan is what a run will do: every scenario with every strategy, one cell each, one after another. */
export interface Plan {
  readonly cells: readonly PlannedCell[];
  readonly profile: Profile;
  readonly seed: number;
  readonly etcd: { readonly path: string; readonly version: string };
  readonly postgresVersion: string;
  /** In place of the embedded one. */
  readonly toxiproxy?: OriginalToxiproxy;
  /** On Docker. */
  readonly images?: Images;
  /** On a cluster that is there already. */
  readonly external?: ExternalPlace;
  readonly databaseUrl?: string;
  /** Of the command line, which each scenario has taken into its own. */
  readonly tuning?: Tuning;
  /** The run's folder: result, reports, and a folder a cell for histories and logs. */
  readonly out: string;
  /** The command that repeats it. */
  readonly command: string;
  /** Of which this is one shard. */
  readonly matrix?: Omit<Matrix, 'shards'> & { readonly shard: number };
}

export interface PlannedCell {
  readonly scenario: Scenario;
  readonly strategy: StrategyDescription;
  /** Where the scenario asks for another than the run's. */
  readonly etcd?: { readonly path: string; readonly version: string };
  /** From 1, where a scenario is run in rounds. */
  readonly round?: number;
}

/**
 * The cells of a scenario. One that compares has rounds, and each round begins with another strategy: what the machine
 * does meanwhile, and what a first or last place is worth, is then the same for all.
 */
export function cellsOf(scenario: Scenario, strategies: readonly StrategyDescription[]): PlannedCell[] {
  const rounds = scenario.comparison?.rounds ?? scenario.watching?.rounds;
  if (rounds === undefined) return strategies.map((strategy) => ({ scenario, strategy }));
  return Array.from({ length: rounds }, (_, i) => {
    const first = i % strategies.length;
    const inTurn = [...strategies.slice(first), ...strategies.slice(0, first)];
    return inTurn.map((strategy) => ({ scenario, strategy, round: i + 1 }));
  }).flat();
}

/**
 * Runs a plan. After every cell `onResult` gets the result so far, so that a run which is killed has lost at most
 * the cell it was in. An abort ends the current cell early and skips the others; the result says so.
 */
export async function run(
  plan: Plan,
  options: {
    readonly signal: AbortSignal;
    onProgress(progress: Progress): void;
    onResult(result: Result): Promise<void>;
    /** Another way to run a cell, for tests of what a run makes of it. */
    readonly cell?: typeof runCell;
  },
): Promise<Result> {
  const runOne = options.cell ?? runCell;
  const startedAt = new Date().toISOString();
  const cells: Cell[] = [];
  const result = async (): Promise<Result> => ({
    schemaVersion: 1,
    manifest: await manifestOf({ ...plan, startedAt, interrupted: options.signal.aborted }),
    cells: [...cells],
    ...comparisonsOf(plan, cells),
    ...watchTablesOf(plan, cells),
  });

  for (const [i, { scenario, strategy, round, etcd = plan.etcd }] of plan.cells.entries()) {
    if (options.signal.aborted) break;
    const name = cellName({ scenario: scenario.name, strategy: strategy.name, round });
    const into = async (folderName: string): Promise<Cell> => {
      const folder = join(plan.out, 'cells', folderName);
      await mkdir(folder, { recursive: true });
      return runOne({
        ...plan,
        scenario,
        strategy,
        round,
        etcd,
        folder,
        relativeFolder: `cells/${folderName}`,
        signal: options.signal,
        onProgress: options.onProgress,
      });
    };
    options.onProgress({
      type: 'cell-started',
      cell: { scenario: scenario.name, strategy: strategy.name },
      index: i + 1,
      count: plan.cells.length,
    });
    let cell = await into(name);
    // Once: what breaks the harness twice is no accident. A promise that was seen broken is never tried away.
    if (cell.verdict === 'error' && !options.signal.aborted) {
      const { reason = 'for no reason that was told', files } = cell;
      const of = { scenario: scenario.name, strategy: strategy.name };
      options.onProgress({ type: 'cell-retried', cell: of, reason });
      cell = { ...(await into(`${name}--again`)), retried: { reason, files } };
    }
    cells.push(cell);
    options.onProgress({ type: 'cell-ended', cell });
    await options.onResult(await result());
  }
  return result();
}

function comparisonsOf(plan: Plan, cells: readonly Cell[]): Pick<Result, 'comparisons'> {
  const compared = new Set(plan.cells.map(({ scenario }) => scenario).filter((one) => one.comparison));
  if (compared.size === 0) return {};
  return {
    comparisons: [...compared].map(({ name, comparison }) =>
      compare({ ...comparison!, scenario: name, cells: cells.filter((cell) => cell.scenario === name) }),
    ),
  };
}

function watchTablesOf(plan: Plan, cells: readonly Cell[]): Pick<Result, 'measurements'> {
  const watched = new Set(plan.cells.map(({ scenario }) => scenario).filter((one) => one.watching));
  if (watched.size === 0) return {};
  return {
    measurements: [...watched].map(({ name, watching }) =>
      watchTable({
        scenario: name,
        plan: watching!,
        cells: cells.filter((cell) => cell.scenario === name),
      }),
    ),
  };
}

/** What a result says of how it came to be. */
export async function manifestOf(
  of: Pick<
    Plan,
    'seed' | 'profile' | 'command' | 'etcd' | 'postgresVersion' | 'toxiproxy' | 'tuning' | 'matrix'
  > & {
    readonly startedAt: string;
    readonly interrupted: boolean;
  },
): Promise<Manifest> {
  const machine = {
    platform: platform(),
    arch: arch(),
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const { startedAt } = of;
  const finishedAt = new Date().toISOString();
  return {
    seed: of.seed,
    profile: of.profile.name,
    startedAt,
    finishedAt,
    interrupted: of.interrupted,
    command: of.command,
    ...(of.matrix && { matrix: matrixOf(of.matrix, { startedAt, finishedAt, machine }) }),
    ...(of.tuning && Object.keys(of.tuning).length > 0 && { tuning: of.tuning }),
    versions: {
      faultline: await ownVersion(),
      node: process.versions.node,
      etcd: of.etcd.version,
      postgres: of.postgresVersion,
      ...(of.toxiproxy && { toxiproxy: of.toxiproxy.version }),
    },
    machine,
  };
}

function matrixOf(
  { shard, ...matrix }: NonNullable<Plan['matrix']>,
  run: Omit<Matrix['shards'][number], 'shard'>,
): Matrix {
  return { ...matrix, shards: [{ shard, ...run }] };
}

/** The manifest of a run that went on after its cells. */
export function ended(manifest: Manifest, interrupted: boolean): Manifest {
  const finishedAt = new Date().toISOString();
  const { matrix } = manifest;
  return {
    ...manifest,
    finishedAt,
    interrupted,
    ...(matrix && {
      matrix: { ...matrix, shards: matrix.shards.map((shard) => ({ ...shard, finishedAt })) },
    }),
  };
}

export async function ownVersion(): Promise<string> {
  const text = await readFile(join(projectRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
