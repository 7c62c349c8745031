import type { Result } from '../result.ts';

/** What the command's exit code means (DESIGN 3). */
export const exitCodes = { kept: 0, broken: 1, unknown: 2, environment: 3, usage: 64 } as const;

/**
 * The exit code of a run. A broken promise or a crossed threshold outweighs all: it was seen, whatever else went
 * wrong. A cell that the environment spoiled outweighs one that could not be judged. A run without cells and
 * measurements proved nothing.
 */
export function exitCodeOf(result: Pick<Result, 'cells' | 'manifest' | 'measurements'>): number {
  const verdicts = new Set([
    ...result.cells.map((cell) => cell.verdict),
    ...result.cells.flatMap(({ thresholds = [] }) => thresholds.map(({ state }) => state)),
    ...(result.measurements ?? []).map(({ state }) => state),
  ]);
  if (verdicts.has('broken')) return exitCodes.broken;
  if (verdicts.has('error')) return exitCodes.environment;
  if (verdicts.has('unknown') || result.manifest.interrupted || verdicts.size === 0) return exitCodes.unknown;
  return exitCodes.kept;
}
