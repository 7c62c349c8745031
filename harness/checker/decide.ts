import type { Operation } from '../history/operation.ts';
import { keyHistory, type Step } from './key-history.ts';
import type { Model } from './model.ts';
import { Search } from './search.ts';
import { isWitnessed } from './witness.ts';
import { decideByZones } from './zones.ts';

/**
 * Decides one key, or returns the search that will. A room that is kept from key to key has the steps of the last key,
 * for the next to use again.
 */
export function decideKey(
  model: Model,
  operations: readonly Operation[],
  room: { steps: Step[] } = { steps: [] },
): 'linearizable' | 'illegal' | Search {
  const history = keyHistory(model, operations, room.steps);
  if (history.unwritten !== undefined) return 'illegal';
  const zones = decideByZones(history);
  if (zones.state === 'linearizable') return 'linearizable';
  if (zones.state !== 'undecided') return 'illegal';
  if (isWitnessed(history)) return 'linearizable';
  // The search goes on looking at these.
  room.steps = [];
  return new Search(history);
}

/** Whether the key is certainly illegal; false also when that takes more than so many steps to find out. */
export function isIllegalWithin(model: Model, operations: readonly Operation[], steps: number): boolean {
  const decided = decideKey(model, operations);
  if (typeof decided === 'string') return decided === 'illegal';
  return decided.run(steps) === 'illegal';
}
