import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { models } from '../checker/models/list.ts';
import { type ConvertedFormat, convertedFormats, convertHistory, leftOut } from '../convert-history.ts';
import { guessFormat, HistoryError, historyFormats, readHistory } from '../history/read-history.ts';
import { named, oneOf, UsageError } from './usage-error.ts';

interface ConvertOptions {
  readonly to?: string;
  readonly out?: string;
  readonly format?: string;
  readonly model: string;
}

export function addConvertCommand(program: Command): void {
  program
    .command('convert')
    .description('write a history in the format of another tool')
    .argument('<file>', 'a history: JSON Lines, or Jepsen EDN')
    .option('--to <name>', `${convertedFormats.join(', ')} (guessed from --out)`)
    .option('--out <file>', 'where to (standard output when left out)')
    .option('--format <name>', `of the file: ${historyFormats.join(' or ')} (guessed from its name)`)
    .option('--model <name>', "what a key is, for the order in porcupine's page", 'register')
    .action(async (file: string, options: ConvertOptions) => {
      const to = options.to === undefined ? guess(options.out) : oneOf('--to', options.to, convertedFormats);
      const model = named('model', options.model, models);
      const format =
        options.format === undefined ? guessFormat(file) : oneOf('--format', options.format, historyFormats);
      if (options.out === file) throw new UsageError(`--out should be another file than ${file}`);
      try {
        const history = await readHistory(file, format);
        for (const note of [...history.notes, ...leftOut(history, to).map((what) => `left out: ${what}`)])
          process.stderr.write(`${file}: ${note}\n`);
        await write(convertHistory(history, to, model), options.out);
      } catch (error) {
        if (error instanceof HistoryError) throw new UsageError(error.message);
        throw error;
      }
    });
}

/** Standard output stays open: others may write to it. */
async function write(pieces: Iterable<string>, out: string | undefined): Promise<void> {
  if (out === undefined) {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
    return;
  }
  try {
    await pipeline(Readable.from(pieces), createWriteStream(out));
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new UsageError(`--out ${out} cannot be written: ${message}`);
  }
}

function guess(out: string | undefined): ConvertedFormat {
  if (out?.endsWith('.edn')) return 'edn';
  if (out?.endsWith('.jsonl')) return 'jsonl';
  throw new UsageError(`--to should be one of ${convertedFormats.join(', ')}, got nothing`);
}
