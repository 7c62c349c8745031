import type { History, Operation } from '../history/operation.ts';
import type { LogEvent } from '../history/watch.ts';
import { comparable } from './values.ts';
import { writtenValue } from './write-order.ts';

/**
 * What the true log of a watch of all keys says of single writes. Values are held against the store's as their text, or
 * as their JSON.
 */
export interface LoggedPuts {
  /**
   * The events that put the value of this write to its key, by revision; undefined where another operation may have
   * written it, too.
   */
  of(write: Operation): readonly LogEvent[] | undefined;
}

/**
 * Undefined for a history without such a log, and for one whose log does not say where in the store the operations' keys
 * are (`valuesUnder`): what is true may be somewhere else then.
 */
export function loggedPuts({ operations, watches }: History): LoggedPuts | undefined {
  const prefix = watches?.log.valuesUnder;
  if (watches === undefined || prefix === undefined || !watches.log.allKeys) return undefined;
  const puts = new Map<string, LogEvent[]>();
  for (const event of watches.log.events) {
    if (event.kind !== 'put' || !event.key.startsWith(prefix)) continue;
    const name = nameOf(event.key.slice(prefix.length), event.value);
    const known = puts.get(name);
    if (known === undefined) puts.set(name, [event]);
    else if (known.every(({ revision }) => revision !== event.revision)) known.push(event);
  }
  const writers = new Map<string, number>();
  for (const operation of operations) {
    for (const [key, value] of writtenBy(operation)) {
      const name = nameOf(key, comparable(value));
      writers.set(name, (writers.get(name) ?? 0) + 1);
    }
  }
  return {
    of(write) {
      const value = writtenValue(write);
      if (value === undefined || value === null) return undefined;
      if (writers.get(nameOf(write.key, comparable(value))) !== 1) return undefined;
      const texts = new Set([...(typeof value === 'string' ? [value] : []), JSON.stringify(value)]);
      return [...texts]
        .flatMap((text) => puts.get(nameOf(write.key, text)) ?? [])
        .sort((x, y) => x.revision - y.revision);
    },
  };
}

/** All that it may have put: a transaction writes several keys. */
function writtenBy(operation: Operation): readonly (readonly [key: string, value: unknown])[] {
  if (operation.f === 'txn' && operation.outcome !== 'fail') {
    const steps = Array.isArray(operation.value) ? (operation.value as unknown[][]) : [];
    return steps.filter(([f]) => f === 'w').map(([, key, value]) => [String(key), value] as const);
  }
  const value = writtenValue(operation);
  return value === undefined ? [] : [[operation.key, value]];
}

function nameOf(key: string, value: unknown): string {
  return JSON.stringify([key, typeof value, value]);
}
