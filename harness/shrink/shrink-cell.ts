import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Cell } from '../result.ts';
import { type CellOptions, runCell } from '../run-cell.ts';
import { planned } from '../schedule.ts';
import type { Promised } from '../service/strategy.ts';
import type { Case } from './case.ts';
import { type SearchOptions, type Shrunk, searchSmallest } from './search.ts';
import type { TryOutcome } from './trials.ts';

/** The cell, the promise that it broke, and how long to search. `folder` is what the search leaves behind. */
export interface ShrinkCellOptions
  extends Omit<CellOptions, 'relativeFolder' | 'round'>,
    Pick<SearchOptions, 'limits' | 'seenMs' | 'dimensions' | 'onCandidate'> {
  readonly promise: Promised;
}

export interface ShrunkCell extends Shrunk {
  /** The last run of the smallest case that broke the promise; its history and logs are in the folder. */
  readonly evidence?: Cell;
}

/** Searches the smallest case of a cell that still breaks the promise, in cells on real clusters, one after another. */
export async function shrinkCell(options: ShrinkCellOptions): Promise<ShrunkCell> {
  const { scenario, profile, strategy, seed, folder, limits, signal } = options;
  const relativeFolder = join('cells', `${scenario.name}--${strategy.name}`);
  const tries = join(folder, 'tries');
  // The last run of a case that broke the promise: of the smallest, and of the one that is being tried.
  let kept: Evidence | undefined;
  let tried: Evidence | undefined;
  let runs = 0;
  // What is running when the time is over must not go on.
  const overall = AbortSignal.any([signal, AbortSignal.timeout(limits.timeMs)]);

  async function tryOnce(candidate: Case): Promise<TryOutcome> {
    const { steps, loadMs, ...sizes } = candidate;
    const tryFolder = join(tries, String(++runs));
    await mkdir(tryFolder, { recursive: true });
    const cell = await runCell({
      ...options,
      scenario: { ...scenario, ...sizes, schedule: { exactly: steps } },
      profile: { ...profile, loadMs },
      folder: tryFolder,
      relativeFolder,
      signal: overall,
    });
    const outcome = outcomeOf(cell, options.promise);
    if (outcome === 'broke') {
      const replaced = candidate === kept?.candidate ? kept : tried;
      if (replaced) await remove(replaced.folder);
      const evidence = { candidate, cell, folder: tryFolder };
      if (candidate === kept?.candidate) kept = evidence;
      else tried = evidence;
    } else {
      await remove(tryFolder);
    }
    return outcome;
  }

  const { steps, members, instances, ratePerSecond, loadMs } = {
    ...scenario,
    steps: planned(scenario, profile, seed),
    loadMs: profile.loadMs,
  };
  try {
    const shrunk = await searchSmallest({
      ...options,
      from: { steps, members, instances, ratePerSecond, loadMs },
      tryOnce,
      nowMs: () => performance.now(),
      onCandidate(told) {
        if (told.state === 'taken') [kept, tried] = [tried, kept];
        options.onCandidate?.(told);
      },
    });
    if (kept === undefined) return shrunk;
    const place = join(folder, relativeFolder);
    await remove(place);
    await mkdir(dirname(place), { recursive: true });
    await rename(kept.folder, place);
    return { ...shrunk, evidence: kept.cell };
  } finally {
    await remove(tries);
  }
}

interface Evidence {
  readonly candidate: Case;
  readonly cell: Cell;
  readonly folder: string;
}

/** What a cell shows of a promise. A cell in which something broke has shown nothing, unless it saw the violation. */
export function outcomeOf(
  { promises, verdict }: Pick<Cell, 'promises' | 'verdict'>,
  promise: Promised,
): TryOutcome {
  const state = promises.find((one) => isDeepStrictEqual(one.promise, promise))?.state;
  if (state === 'broken') return 'broke';
  return state === 'kept' && verdict !== 'error' ? 'held' : 'void';
}

/**
 * When each checker that found something had seen its first violation whole, in milliseconds of the load: what began later
 * caused none of these. Undefined when that is told by what came after the load.
 */
export function seenMs({
  violations,
  loadMs = Number.POSITIVE_INFINITY,
}: Pick<Cell, 'violations' | 'loadMs'>): number | undefined {
  const first = new Map<string, number>();
  for (const { checker, atNs, operations } of violations) {
    const ends = operations.map(({ returnNs }) => returnNs).filter(Number.isFinite);
    const seen = Math.max(atNs, ...ends) / 1e6;
    first.set(checker, Math.min(seen, first.get(checker) ?? Number.POSITIVE_INFINITY));
  }
  const latest = Math.max(...first.values());
  return latest >= 0 && latest < loadMs ? latest : undefined;
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
