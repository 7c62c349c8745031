import type { Command } from 'commander';
import pc from 'picocolors';
import { checkFile, type FileVerdict, modelNames } from '../check-file.ts';
import { defaultBudget } from '../checker/checker.ts';
import { HistoryError } from '../history/read-history.ts';
import { exitCodes } from './exit-code.ts';
import { oneOf, UsageError, wholeNumber } from './usage-error.ts';

interface CheckOptions {
  readonly model: string;
  readonly format?: string;
  readonly json?: boolean;
  readonly budgetMs: string;
}

/** Worst first: a violation was seen whatever else could not be judged. */
const worstFirst = [false, 'unknown', true] as const;
const codes = new Map<FileVerdict['valid'], number>([
  [false, exitCodes.broken],
  ['unknown', exitCodes.unknown],
  [true, exitCodes.kept],
]);

export function addCheckCommand(program: Command, done: (code: number) => void): void {
  program
    .command('check')
    .description('check stored histories for linearizability, without any cluster')
    .argument('<file...>', 'histories: JSON Lines, or Jepsen EDN')
    .option('--model <name>', `what the keys are: ${modelNames.join(', ')}`, 'register')
    .option('--format <name>', 'jsonl or edn (guessed from the name)')
    .option('--budget-ms <n>', 'give up on a file after this long: unknown', String(defaultBudget.timeMs))
    .option('--json', 'one line of JSON a file')
    .action(async (files: string[], options: CheckOptions) => {
      const model = oneOf('--model', options.model, modelNames);
      const format =
        options.format === undefined ? undefined : oneOf('--format', options.format, ['jsonl', 'edn']);
      const timeMs = wholeNumber('--budget-ms', options.budgetMs, 1, 86_400_000);
      const seen = new Set<FileVerdict['valid']>();
      // A file that cannot be read must not cost the verdicts of the others; it is told at the end.
      const unreadable: HistoryError[] = [];
      for (const file of files) {
        try {
          const verdict = await checkFile(file, { model, format, budget: { ...defaultBudget, timeMs } });
          seen.add(verdict.valid);
          process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : text(verdict));
        } catch (error) {
          if (!(error instanceof HistoryError)) throw error;
          unreadable.push(error);
        }
      }
      if (unreadable.length > 0) throw new UsageError(unreadable.map((e) => e.message).join('\n'));
      done(codes.get(worstFirst.find((valid) => seen.has(valid)) ?? 'unknown')!);
    });
}

function text(verdict: FileVerdict): string {
  const word =
    verdict.valid === true
      ? pc.green('valid')
      : verdict.valid === false
        ? pc.red('invalid')
        : pc.yellow('unknown');
  const head = `${word}  ${verdict.file}  ${verdict.operations} operations, ${Math.round(verdict.elapsedMs)} ms`;
  const asides = [verdict.reason, ...(verdict.notes ?? [])].filter((line) => line !== undefined);
  return `${head}${asides.map((line) => `\n  ${line}`).join('')}${verdict.violations.map((v) => `\n  ${v.summary}`).join('')}\n`;
}
