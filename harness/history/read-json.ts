import type { Event, HistoryBuilder } from './history-builder.ts';
import { HistoryError } from './history-error.ts';
import type { WatchLine } from './watch-format.ts';

/** Adds one line of JSON. Empty lines are read over; so is a `last` line (one without its newline) that is torn. */
export function addJsonLine(
  builder: HistoryBuilder,
  file: string,
  text: string,
  line: number,
  last: boolean,
): void {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    if (text.trim() === '') return;
    if (last) {
      builder.note(`line ${line} is torn (the file ends in the middle of it) and was left out`);
      return;
    }
    throw new HistoryError(file, line, `is no JSON (${(error as Error).message}): ${shorten(text)}`);
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new HistoryError(
      file,
      line,
      `should be an object such as {"process":0,"type":"invoke",…}, got ${shorten(text)}`,
    );
  }
  if ('watch' in event) builder.addWatch(event as WatchLine, line);
  else builder.add(event as Event, line);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text.trimEnd();
}
