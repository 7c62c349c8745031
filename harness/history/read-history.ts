import { createReadStream } from 'node:fs';
import { HistoryBuilder } from './history-builder.ts';
import { HistoryError } from './history-error.ts';
import { EdnEvents } from './read-edn.ts';
import { addJsonLine } from './read-json.ts';
import type { RecordedHistory } from './recorded-history.ts';

export { HistoryError } from './history-error.ts';
export type { RecordedHistory } from './recorded-history.ts';

export type HistoryFormat = 'jsonl' | 'edn';
export const historyFormats: readonly HistoryFormat[] = ['jsonl', 'edn'];

/** `.edn` is EDN, all else JSON Lines. */
export function guessFormat(path: string): HistoryFormat {
  return /\.edn$/i.test(path) ? 'edn' : 'jsonl';
}

/**
 * Reads a history line by line; only the operations stay in memory. Throws a HistoryError for a file that cannot be
 * read and for a line that is no event. A last line without its newline that does not parse is what a crash leaves,
 * so it is read over, with a note.
 */
export async function readHistory(
  path: string,
  format: HistoryFormat = guessFormat(path),
): Promise<RecordedHistory> {
  const builder = new HistoryBuilder(path);
  const edn = format === 'edn' ? new EdnEvents(path, builder) : undefined;
  let line = 0;
  await forEachLine(path, (text, last) => {
    line++;
    if (edn !== undefined) edn.add(text, line);
    else addJsonLine(builder, path, text, line, last);
  });
  edn?.finish();
  return builder.finish();
}

/** Calls `each` with every line; `last` marks one that the file ends in without a newline. */
async function forEachLine(path: string, each: (text: string, last: boolean) => void): Promise<void> {
  let rest = '';
  try {
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 16 });
    for await (const chunk of stream as AsyncIterable<string>) {
      const text = rest === '' ? chunk : rest + chunk;
      let from = 0;
      for (let to = text.indexOf('\n', from); to !== -1; to = text.indexOf('\n', from)) {
        each(text.slice(from, to), false);
        from = to + 1;
      }
      rest = text.slice(from);
    }
  } catch (error) {
    if (error instanceof HistoryError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new HistoryError(path, 0, `cannot be read: ${(error as Error).message}`);
  }
  if (rest !== '') each(rest, true);
}
