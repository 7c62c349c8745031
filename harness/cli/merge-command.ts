import { cp, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { MergeRefused, merge } from '../merge.ts';
import type { Result } from '../result.ts';
import { resultsAt } from './compare-command.ts';
import type { Parts } from './parts.ts';
import { progressView } from './progress-view.ts';
import { finish, reporterOption, reportersOf } from './run-command.ts';
import { UsageError } from './usage-error.ts';

interface MergeOptions {
  readonly out: string;
  readonly json?: boolean;
  readonly reporter?: readonly string[];
}

export function addMergeCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  program
    .command('merge')
    .description('make one result of the shards of a matrix; refuses what does not belong together')
    .argument('<folder...>', "each shard's folder")
    .requiredOption('--out <folder>', 'where the merged run goes, with the histories and logs of all')
    .addOption(reporterOption(parts))
    .option('--json', 'print the result as JSON on stdout')
    .action(async (folders: readonly string[], options: MergeOptions) => {
      done(await mergeFolders(folders, options, parts));
    });
}

/** The exit code is that of the merged result, as if one machine had run it all. */
async function mergeFolders(
  folders: readonly string[],
  options: MergeOptions,
  parts: Parts,
): Promise<number> {
  const reporters = reportersOf(options.reporter, parts);
  const shards = await Promise.all(
    folders.map(async (from) => {
      const results = await resultsAt(from, parts);
      if (results.length !== 1) {
        throw new UsageError(`${from} should be one shard's folder, got a folder of ${results.length} runs`);
      }
      return { from, result: results[0]! };
    }),
  );
  const merged = mergedOf(shards);
  const out = resolve(options.out);
  for (const { from } of shards) await takeFiles(from, out);
  return finish(merged, out, {
    json: options.json,
    parts,
    view: progressView(process.stderr),
    reporters,
  });
}

function mergedOf(shards: readonly { readonly from: string; readonly result: Result }[]): Result {
  try {
    return merge(shards);
  } catch (error) {
    throw error instanceof MergeRefused ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** Histories and logs, by the same names: the reports link to them. */
async function takeFiles(from: string, out: string): Promise<void> {
  const folder = (await stat(from)).isDirectory() ? from : dirname(from);
  await mkdir(out, { recursive: true });
  for (const name of ['cells', 'measurements']) {
    const there = await stat(join(folder, name)).catch(() => undefined);
    if (there?.isDirectory()) await cp(join(folder, name), join(out, name), { recursive: true });
  }
}
