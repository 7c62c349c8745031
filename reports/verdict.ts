import type { Cell, PromiseState, PromiseVerdict, Result } from '../harness/result.ts';
import { counted } from './figures.ts';

/** What a report says of a cell, or of the run as a whole. */
export type State = Cell['verdict'];

/** From best to worst, as the exit codes are told apart. */
const order: readonly State[] = ['kept', 'unknown', 'broken', 'error'];

export const stateMarks: Readonly<Record<State, string>> = {
  kept: '✓',
  broken: '✗',
  unknown: '?',
  error: '!',
};

function worst(states: readonly State[]): State {
  return states.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'kept' as State);
}

/** A promise with a violation is broken, whatever is said beside it. */
export function promiseState(promise: PromiseVerdict): PromiseState {
  return promise.violations > 0 ? 'broken' : promise.state;
}

/** Never better than the worst of its promises and thresholds: a report must not show a kept cell with a broken promise in it. */
export function cellState(cell: Cell): State {
  return worst([
    cell.verdict,
    ...cell.promises.map(promiseState),
    ...(cell.thresholds ?? []).map(({ state }) => state),
  ]);
}

/** A Tally counts what was judged. */
export interface Tally {
  /**
   * Of the whole run. A broken promise outweighs an error elsewhere: it was seen, and is what the reader must know.
   * A run without cells, or one that was cut short before all was judged, is unknown at best.
   */
  readonly state: State;
  readonly promises: Readonly<Record<PromiseState, number>>;
  readonly cells: Readonly<Record<State, number>>;
  readonly operations: number;
  /** One sentence for the top of a report. */
  readonly headline: string;
}

export function tally(result: Result): Tally {
  const promises = { kept: 0, broken: 0, unknown: 0 };
  const cells = { kept: 0, broken: 0, unknown: 0, error: 0 };
  let operations = 0;
  for (const cell of result.cells) {
    cells[cellState(cell)]++;
    for (const promise of cell.promises) promises[promiseState(promise)]++;
    operations += cell.load.outcomes.ok + cell.load.outcomes.fail + cell.load.outcomes.info;
  }
  const saturation = (result.saturation ?? []).map((row) => row.state);
  const measured = (result.measurements ?? []).map((one) => one.state);
  const nothing = result.cells.length === 0 && saturation.length === 0 && measured.length === 0;
  const states: State[] = [...result.cells.map(cellState), ...saturation, ...measured];
  const state: State = states.includes('broken')
    ? 'broken'
    : worst([...states, nothing || result.manifest.interrupted ? 'unknown' : 'kept']);
  return {
    state,
    promises,
    cells,
    operations,
    headline: headline(result, state, promises, cells, saturation, measured),
  };
}

function headline(
  result: Result,
  state: State,
  promises: Tally['promises'],
  cells: Tally['cells'],
  saturation: readonly PromiseState[],
  measured: readonly PromiseState[],
): string {
  const all = promises.kept + promises.broken + promises.unknown;
  const thresholds = result.cells.flatMap((cell) => cell.thresholds ?? []);
  const saturationBroken = saturation.filter((row) => row === 'broken').length;
  const short = result.manifest.interrupted ? ' The run was cut short.' : '';
  if (state === 'broken') {
    const parts: string[] = [];
    const crossed = thresholds.filter((one) => one.state === 'broken').length;
    if (promises.broken > 0) parts.push(`${promises.broken} of ${counted(all, 'promise')}`);
    if (crossed > 0) parts.push(`${crossed} of ${counted(thresholds.length, 'threshold')}`);
    if (parts.length === 0 && cells.broken > 0) parts.push(counted(cells.broken, 'cell'));
    if (saturationBroken > 0) parts.push(counted(saturationBroken, 'saturation run'));
    const measuredBroken = measured.filter((one) => one === 'broken').length;
    if (measuredBroken > 0) parts.push(counted(measuredBroken, 'measurement'));
    return `Broken: ${parts.join(' and ')}.${short}`;
  }
  if (state === 'error')
    return `The harness or its environment broke in ${counted(cells.error, 'cell')}.${short}`;
  if (state === 'unknown') {
    if (promises.unknown > 0)
      return `Unknown: ${promises.unknown} of ${counted(all, 'promise')} could not be judged.${short}`;
    const open = saturation.filter((row) => row === 'unknown').length;
    if (open > 0) return `Unknown: ${counted(open, 'saturation run')} could not be judged.${short}`;
    const unclear = measured.filter((one) => one === 'unknown').length;
    if (unclear > 0) return `Unknown: ${counted(unclear, 'measurement')} could not be judged.${short}`;
    if (result.manifest.interrupted)
      return `Unknown: the run was cut short. What was judged was kept: ${counted(promises.kept, 'promise')}.`;
    return cells.unknown > 0
      ? `Unknown: ${counted(cells.unknown, 'cell')} could not be judged.`
      : 'Unknown: nothing was judged.';
  }
  if (all > 0)
    return `All ${counted(all, 'promise')} kept${thresholds.length > 0 ? `, ${counted(thresholds.length, 'threshold')} held` : ''}.`;
  if (measured.length > 0 && saturation.length === 0)
    return `Measured: ${counted(measured.length, 'table')}, and what should hold did.`;
  return saturation.length > 0
    ? `No promise was broken in ${counted(saturation.length, 'saturation run')}.`
    : 'Nothing was promised, so nothing was broken.';
}
