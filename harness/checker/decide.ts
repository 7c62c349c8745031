import type { Operation } from '../history/operation.ts';
import { keyHistory } from './key-history.ts';
import type { Model } from './model.ts';
import { Search } from './search.ts';
import { isWitnessed } from './witness.ts';
import { decideByZones } from './zones.ts';

/** Decides one key, or returns the search that will. */
export function decideKey(
  model: Model,
  operations: readonly Operation[],
): 'linearizable' | 'illegal' | Search {
  const history = keyHistory(model, operations);
  if (history.unwritten !== undefined) return 'illegal';
  const zones = decideByZones(history);
  if (zones.state === 'linearizable') return 'linearizable';
  if (zones.state !== 'undecided') return 'illegal';
  if (isWitnessed(history)) return 'linearizable';
  return new Search(history);
}

/** Whether the key is certainly illegal; false also when that takes more than so many steps to find out. */
export function isIllegalWithin(model: Model, operations: readonly Operation[], steps: number): boolean {
  const decided = decideKey(model, operations);
  if (typeof decided === 'string') return decided === 'illegal';
  return decided.run(steps) === 'illegal';
}
