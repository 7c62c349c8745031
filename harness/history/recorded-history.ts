import type { History } from './operation.ts';

/** A RecordedHistory is a history as read from a file. */
export interface RecordedHistory extends History {
  /** `line`: the file has no times, and invokeNs and returnNs are line numbers. */
  readonly orderedBy: 'time' | 'line';
  /** What a reader should know: a torn last line, operations without completion. */
  readonly notes: readonly string[];
}
