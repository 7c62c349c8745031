import type { Command } from 'commander';
import type { Parts } from './parts.ts';
import { reporterOption, reportersOf } from './run-command.ts';
import { UsageError } from './usage-error.ts';

export function addReportCommand(program: Command, parts: Parts): void {
  program
    .command('report')
    .description('render the reports of a run again')
    .argument('<result>', 'a result.json, or the folder of a run')
    .option('--out <folder>', 'write them here instead of beside the result')
    .addOption(reporterOption(parts))
    .action(async (result: string, options: { out?: string; reporter?: readonly string[] }) => {
      const reporters = reportersOf(options.reporter, parts);
      try {
        for (const path of await parts.reports.renderAgain(result, options.out, reporters))
          process.stdout.write(`${path}\n`);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new UsageError(
          code === 'ENOENT' || code === 'ENOTDIR'
            ? `${result} should be a result.json, or the folder of a run with one in it; there is none`
            : error instanceof Error
              ? error.message
              : String(error),
          { cause: error },
        );
      }
    });
}
