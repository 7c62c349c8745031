import type { History, Operation } from '../history/operation.ts';
import { loggedPuts } from './logged-puts.ts';
import { writtenValue } from './write-order.ts';

/**
 * The operations, with each `info` write closed that the true log of a watch of all keys shows to have happened: it gets
 * the log's revision, and has returned by the time at which the watch told of it.
 *
 * A write is in the log when the log has exactly one event with its key and value, and nobody else may have written that
 * value to the key. A log that lacks a write proves nothing (it may have ended before), so that one stays open.
 */
export function closeOpenWrites(history: History): readonly Operation[] {
  const { operations } = history;
  if (!operations.some(({ outcome, f }) => outcome === 'info' && f !== 'read')) return operations;
  const puts = loggedPuts(history);
  if (puts === undefined) return operations;
  return operations.map((operation) => {
    if (operation.outcome !== 'info') return operation;
    const [event, another] = puts.of(operation) ?? [];
    if (event === undefined || another !== undefined) return operation;
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
