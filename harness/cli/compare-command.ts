import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { comparedMetrics, compareRuns, type RunComparison, usualGates } from '../measure/run-comparison.ts';
import type { Result } from '../result.ts';
import { exitCodes } from './exit-code.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';

import { oneOf, UsageError } from './usage-error.ts';

export function addCompareCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  program
    .command('compare')
    .description('hold new runs against earlier ones: what got worse, by how much, and how sure that is')
    .argument('<base>', "a result.json, a run's folder, or a folder of runs (paired in order)")
    .argument('<new>', 'the same')
    .addOption(gateOption())
    .option('--json', 'print the comparison as JSON')
    .option('--out <folder>', 'write comparison.md and comparison.html here too')
    .action(
      async (
        base: string,
        next: string,
        options: { gate?: readonly string[]; json?: boolean; out?: string },
      ) => {
        const gates = gatesOf(options.gate);
        const comparison = compareRuns(await resultsAt(base, parts), await resultsAt(next, parts), gates);
        process.stdout.write(
          options.json
            ? `${JSON.stringify(comparison, null, 2)}\n`
            : parts.reports.comparison.text(comparison),
        );
        if (options.out !== undefined) await writeComparison(options.out, comparison, parts);
        done(exitCodeOfComparison(comparison));
      },
    );
}

export function gateOption() {
  return listOption(
    '--gate <metric>',
    `what decides the exit code, of ${comparedMetrics.join(', ')} (${usualGates.join(',')})`,
  );
}

/** @throws UsageError for a metric that there is not. */
export function gatesOf(names: readonly string[] | undefined): readonly string[] {
  return names?.map((name) => oneOf('--gate', name, comparedMetrics)) ?? usualGates;
}

/** @throws UsageError when nothing that can be read is there. */
export async function resultsAt(path: string, { reports }: Parts): Promise<readonly Result[]> {
  const found = await reports.read(path).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  if (found.length === 0)
    throw new UsageError(
      `${path} should be a result.json, a run's folder or a folder of runs; there is none`,
    );
  return found;
}

export async function writeComparison(
  folder: string,
  comparison: RunComparison,
  { reports }: Parts,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'comparison.md'), reports.comparison.markdown(comparison));
  await writeFile(join(folder, 'comparison.html'), reports.comparison.html(comparison));
}

export function exitCodeOfComparison({ state }: RunComparison): number {
  return { passed: exitCodes.kept, worse: exitCodes.broken, unknown: exitCodes.unknown }[state];
}
