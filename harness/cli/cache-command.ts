import Table from 'cli-table3';
import type { Command } from 'commander';
import pc from 'picocolors';
import { listOption } from './list-option.ts';
import type { CacheTraces, Parts, TraceRow } from './parts.ts';
import { named, UsageError, wholeNumber } from './usage-error.ts';

interface CacheOptions {
  readonly policy?: readonly string[];
  readonly size?: string;
  readonly ttl?: string;
  readonly json?: boolean;
}

export function addCacheCommand(program: Command, { cacheTraces }: Parts): void {
  const all = cacheTraces.policies.map(({ name }) => name);
  program
    .command('cache')
    .description("drive cache policies over a trace: hit rates, and Belady's optimum (OPT) beside them")
    .argument('<trace-file>', 'one key a line, in the order of the accesses')
    .addOption(
      listOption('--policy <name>', `which, separated by commas (${all.join(', ')}; all when left out)`),
    )
    .option('--size <n>', `how many keys each cache holds, 1 to ${cacheTraces.maxSize}`)
    .option('--ttl <references>', 'an entry that is not loaded again lives for so many accesses (no end)')
    .option('--json', 'one line of JSON a policy')
    .action(async (file: string, options: CacheOptions) => {
      const names = options.policy ?? all;
      const policies = names.map((name) => named('cache policy', name, cacheTraces.policies).name);
      const size = sizeOf(options.size, cacheTraces);
      const ttlReferences =
        options.ttl === undefined ? undefined : wholeNumber('--ttl', options.ttl, 1, Number.MAX_SAFE_INTEGER);
      const rows = await cacheTraces.report({ file, policies, size, ttlReferences });
      process.stdout.write(
        options.json
          ? rows.map((row) => `${JSON.stringify(row)}\n`).join('')
          : text(rows, { file, size, ttlReferences }),
      );
    });
}

function sizeOf(text: string | undefined, { maxSize }: CacheTraces): number {
  if (text !== undefined) return wholeNumber('--size', text, 1, maxSize);
  throw new UsageError(`--size should be a whole number from 1 to ${maxSize}, got nothing`);
}

function text(
  rows: readonly TraceRow[],
  of: { readonly file: string; readonly size: number; readonly ttlReferences: number | undefined },
): string {
  const optimum = rows.at(-1)!;
  const table = new Table({
    head: ['policy', 'hit rate', 'of OPT', 'hits', 'loads', 'evictions'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([
      row.policy,
      percent(row.hitRate),
      optimum.hits === 0 ? '–' : percent(row.hits / optimum.hits),
      ...[row.hits, row.loads, row.evictions].map((n) => n.toLocaleString('en-US')),
    ]);
  }
  const references = optimum.references.toLocaleString('en-US');
  const life = of.ttlReferences === undefined ? '' : `, entries live for ${of.ttlReferences} accesses`;
  // OPT bounds them all the same: what never ends is hit at least as often.
  const without = of.ttlReferences === undefined ? '' : pc.dim('OPT: of entries that never end.\n');
  return `${of.file}: ${references} accesses, ${of.size} entries${life}\n${table.toString()}\n${without}`;
}

/** Cut, not rounded: 99.99 % of the optimum is not the optimum. */
function percent(share: number): string {
  return `${(Math.floor(share * 10_000 + 1e-9) / 100).toFixed(2)} %`;
}
