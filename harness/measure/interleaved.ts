import type { Cell, Result } from '../result.ts';
import { compareRuns, type RunComparison } from './run-comparison.ts';

/** The sides of an A/B, by the names that their cells have. */
export interface Sides {
  readonly a: string;
  readonly b: string;
}

/**
 * Which side runs first, round after round: A B, B A, A B, ... so that what the machine does meanwhile, and what a
 * first or second place is worth, is the same for both.
 */
export function inTurns<T>(a: T, b: T, rounds: number): { readonly side: T; readonly round: number }[] {
  return Array.from({ length: rounds }, (_, i) =>
    (i % 2 === 0 ? [a, b] : [b, a]).map((side) => ({ side, round: i + 1 })),
  ).flat();
}

/**
 * B against A over the rounds of one result, pair by pair. A round of which either cell says nothing (it was void, or
 * the harness broke) does not count, and is told. With no gates the comparison only tells.
 */
export function compareSides(
  result: Result,
  { a, b }: Sides,
  gates: readonly string[],
): RunComparison & { readonly counted: number } {
  const rounds = [...new Set(result.cells.map(({ round = 1 }) => round))].sort((x, y) => x - y);
  const of = (name: string, round: number) =>
    result.cells.find((cell) => cell.strategy === name && (cell.round ?? 1) === round);
  const left: string[] = [];
  const pairs = rounds.flatMap((round) => {
    const pair = [of(a, round), of(b, round)] as const;
    const spoiled = pair.find((cell) => cell === undefined || !says(cell));
    if (pair[0] && pair[1] && !spoiled) return [[pair[0], pair[1]] as const];
    left.push(`round ${round} does not count: ${spoiled?.reason ?? 'it did not run'}`);
    return [];
  });
  const name = `${a} → ${b}`;
  const side = (which: 0 | 1): Result => ({
    ...result,
    cells: pairs.map((pair) => ({ ...pair[which], strategy: name })),
  });
  const comparison = compareRuns([side(0)], [side(1)], gates);
  return { ...comparison, warnings: [...comparison.warnings, ...left], counted: pairs.length };
}

/** A broken promise is a finding; its figures stand. */
function says({ verdict }: Cell): boolean {
  return verdict === 'kept' || verdict === 'broken';
}
