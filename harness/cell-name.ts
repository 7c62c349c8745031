/** The stable name of a cell: of its folder, and of its place in a matrix. */
export function cellName(cell: {
  readonly scenario: string;
  readonly strategy: string;
  readonly round?: number | undefined;
}): string {
  const round = cell.round === undefined ? [] : [`round-${cell.round}`];
  return [cell.scenario, cell.strategy, ...round].join('--');
}
