import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { entriesOf, parseTrendStore, type TrendEntry, trendsOf } from '../measure/trend.ts';
import { projectRoot } from '../project.ts';
import { resultsAt } from './compare-command.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';
import { UsageError } from './usage-error.ts';

interface TrendOptions {
  readonly add?: readonly string[];
  readonly html?: string;
  readonly benchmark?: string;
  readonly json?: boolean;
}

export function addTrendCommand(program: Command, parts: Parts): void {
  program
    .command('trend')
    .description('figures over the nights, and where they changed')
    .argument(
      '[store]',
      'an NDJSON file, made when it is missing',
      join(projectRoot, 'reports', 'out', 'trend.ndjson'),
    )
    .addOption(
      listOption('--add <run>', 'append these runs first: results, or folders of runs, separated by commas'),
    )
    .option('--html <file>', 'write the charts here')
    .option('--benchmark <file>', 'write the latest figures here as github-action-benchmark reads them')
    .option('--json', 'print the series as JSON')
    .action(async (store: string, options: TrendOptions) => {
      const stored = await entriesIn(store);
      const added: TrendEntry[] = [];
      for (const path of options.add ?? [])
        for (const result of await resultsAt(path, parts)) added.push(...entriesOf(result));
      if (added.length > 0) {
        await mkdir(dirname(store), { recursive: true });
        await appendFile(store, added.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      }
      const trends = trendsOf([...stored, ...added]);
      if (options.html !== undefined) await writeFile(options.html, parts.reports.trend.html(trends));
      if (options.benchmark !== undefined)
        await writeFile(options.benchmark, parts.reports.trend.benchmark(trends));
      process.stdout.write(
        options.json ? `${JSON.stringify(trends, null, 2)}\n` : parts.reports.trend.text(trends),
      );
    });
}

/** @throws UsageError for a file that is no store. */
async function entriesIn(store: string): Promise<TrendEntry[]> {
  try {
    return parseTrendStore(await readFile(store, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UsageError(`${store}: ${(error as Error).message}`, { cause: error });
  }
}
