import type { History, Operation } from '../history/operation.ts';
import type { LogEvent } from '../history/watch.ts';
import { comparable } from './values.ts';
import { writtenValue } from './write-order.ts';

/**
 * The operations, with each `info` write closed that the true log of a watch of all keys shows to have happened: it gets
 * the log's revision, and has returned by the time at which the watch told of it.
 *
 * A write is in the log when the log has exactly one event with its key and value, and nobody else may have written that
 * value to the key. A log that lacks a write proves nothing (it may have ended before), so that one stays open. Values
 * are held against the store's as their text, or as their JSON.
 */
export function closeOpenWrites({ operations, watches }: History): readonly Operation[] {
  if (watches === undefined || !watches.log.allKeys) return operations;
  if (!operations.some(({ outcome, f }) => outcome === 'info' && f !== 'read')) return operations;
  const events = eventsByWrite(watches.log.events);
  const writers = new Map<string, number>();
  for (const operation of operations) {
    const value = writtenValue(operation);
    if (value === undefined) continue;
    const name = nameOf(operation.key, comparable(value));
    writers.set(name, (writers.get(name) ?? 0) + 1);
  }
  return operations.map((operation) => {
    if (operation.outcome !== 'info') return operation;
    const value = writtenValue(operation);
    if (value === undefined || value === null) return operation;
    if (writers.get(nameOf(operation.key, comparable(value))) !== 1) return operation;
    const event = eventOf(events, operation.key, value);
    if (event === undefined) return operation;
    return {
      ...operation,
      outcome: 'ok',
      revision: event.revision,
      // A watch that tells of a write before it was sent tells of another clock; then only that it happened is sure.
      returnNs:
        event.atNs !== undefined && event.atNs >= operation.invokeNs ? event.atNs : operation.returnNs,
      ...(operation.f === 'cas' ? { swapped: true } : {}),
    };
  });
}

/** `twice`: more than one event has this key and value. */
function eventsByWrite(events: readonly LogEvent[]): ReadonlyMap<string, LogEvent | 'twice'> {
  const byWrite = new Map<string, LogEvent | 'twice'>();
  for (const event of events) {
    if (event.kind !== 'put') continue;
    const name = nameOf(event.key, event.value);
    byWrite.set(name, byWrite.has(name) ? 'twice' : event);
  }
  return byWrite;
}

function eventOf(
  events: ReadonlyMap<string, LogEvent | 'twice'>,
  key: string,
  value: unknown,
): LogEvent | undefined {
  const texts = new Set([...(typeof value === 'string' ? [value] : []), JSON.stringify(value)]);
  const found = [...texts].flatMap((text) => events.get(nameOf(key, text)) ?? []);
  return found.length === 1 && found[0] !== 'twice' ? found[0] : undefined;
}

function nameOf(key: string, value: unknown): string {
  return JSON.stringify([key, typeof value, value]);
}
