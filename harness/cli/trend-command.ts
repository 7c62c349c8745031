import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import {
  entriesOf,
  parseTrendStore,
  type Trend,
  type TrendEntry,
  type TrendStore,
  trendsOf,
} from '../measure/trend.ts';
import { noteOn, type TrendNote } from '../measure/trend-note.ts';
import { projectRoot } from '../project.ts';
import { resultsAt } from './compare-command.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';
import { UsageError } from './usage-error.ts';

interface TrendOptions {
  readonly add?: readonly string[];
  readonly annotate?: readonly string[];
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
    .option(
      '--annotate <note>',
      "say what is known of a run, as in 'steady--write-behind:p50:2026-01-13=etcd 3.6.5' (again for more)",
      (note: string, before: readonly string[] = []) => [...before, note],
    )
    .option('--html <file>', 'write the charts here')
    .option('--benchmark <file>', 'write the latest figures here as github-action-benchmark reads them')
    .option('--json', 'print the series as JSON')
    .action(async (store: string, options: TrendOptions) => {
      const stored = await storeAt(store);
      const entries: TrendEntry[] = [];
      for (const path of options.add ?? [])
        for (const result of await resultsAt(path, parts)) entries.push(...entriesOf(result));
      const withRuns = { entries: [...stored.entries, ...entries], notes: stored.notes };
      const notes = notesOn(trendsOf(withRuns), options.annotate ?? []);
      const added = [...entries, ...notes];
      if (added.length > 0) {
        await mkdir(dirname(store), { recursive: true });
        await appendFile(store, added.map((line) => `${JSON.stringify(line)}\n`).join(''));
      }
      const trends = trendsOf({ ...withRuns, notes: [...stored.notes, ...notes] });
      if (options.html !== undefined) await writeFile(options.html, parts.reports.trend.html(trends));
      if (options.benchmark !== undefined)
        await writeFile(options.benchmark, parts.reports.trend.benchmark(trends));
      process.stdout.write(
        options.json ? `${JSON.stringify(trends, null, 2)}\n` : parts.reports.trend.text(trends),
      );
    });
}

/** @throws UsageError for a note on what is not stored. */
function notesOn(trends: readonly Trend[], asked: readonly string[]): TrendNote[] {
  try {
    return asked.map((note) => noteOn(trends, note));
  } catch (error) {
    throw new UsageError(`--annotate: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws UsageError for a file that is no store. */
async function storeAt(store: string): Promise<TrendStore> {
  try {
    return parseTrendStore(await readFile(store, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], notes: [] };
    throw new UsageError(`${store}: ${(error as Error).message}`, { cause: error });
  }
}
