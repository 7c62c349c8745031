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
 * are held against the store's as their text, or as their JSON. A log that does not say where in the store the
 * operations' keys are (`valuesUnder`) closes nothing: what is true may be somewhere else.
 */
export function closeOpenWrites({ operations, watches }: History): readonly Operation[] {
  const prefix = watches?.log.valuesUnder;
  if (watches === undefined || prefix === undefined || !watches.log.allKeys) return operations;
  if (!operations.some(({ outcome, f }) => outcome === 'info' && f !== 'read')) return operations;
  const events = eventsByWrite(watches.log.events, prefix);
  const writers = new Map<string, number>();
  for (const operation of operations) {
    for (const [key, value] of writtenBy(operation)) {
      const name = nameOf(key, comparable(value));
      writers.set(name, (writers.get(name) ?? 0) + 1);
    }
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

/** "9 of 12 writes without an answer were seen in the store"; undefined where none was looked for, or none was open. */
export function tellClosed(history: History): string | undefined {
  if (history.watches?.log.valuesUnder === undefined) return undefined;
  const open = history.operations.filter(
    (one) => one.outcome === 'info' && writtenValue(one) !== undefined,
  ).length;
  if (open === 0) return undefined;
  const after = closeOpenWrites(history);
  const closed = after.filter((one, i) => one !== history.operations[i]).length;
  return `${closed} of ${open} writes without an answer were seen in the store`;
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

/** By the operation's key. `twice`: more than one event has this key and value. */
function eventsByWrite(events: readonly LogEvent[], prefix: string): ReadonlyMap<string, LogEvent | 'twice'> {
  const byWrite = new Map<string, LogEvent | 'twice'>();
  for (const event of events) {
    if (event.kind !== 'put' || !event.key.startsWith(prefix)) continue;
    const name = nameOf(event.key.slice(prefix.length), event.value);
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
