import type { Command } from 'commander';
import pc from 'picocolors';
import { checkFile, type FileVerdict, unreadable } from '../check-file.ts';
import { defaultBudget } from '../checker/checker.ts';
import { checkers, defaultSettings, type ListedChecker } from '../checker/list.ts';
import { models } from '../checker/models/list.ts';
import { grades } from '../history/operation.ts';
import { HistoryError, historyFormats } from '../history/read-history.ts';
import { exitCodes } from './exit-code.ts';
import { named, oneOf, UsageError, wholeNumber } from './usage-error.ts';

interface CheckOptions {
  readonly checker: string;
  readonly model: string;
  readonly grade?: string;
  readonly order: string;
  readonly maxStaleMs: string;
  readonly withinMs: string;
  readonly maxRevisions: string;
  readonly fenceScope: string;
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
    .description('check stored histories, without any cluster')
    .argument('<file...>', 'histories: JSON Lines, or Jepsen EDN')
    .option(
      '--checker <names>',
      'what to check, by commas, or all (faultline list checkers)',
      'linearizability',
    )
    .option('--model <name>', `what a key is: ${models.map(({ name }) => name).join(', ')}`, 'register')
    .option('--grade <name>', `which reads checkers of reads judge: ${grades.join(', ')}`)
    .option(
      '--order <name>',
      'what shows the order of writes: real-time, or per-instance',
      defaultSettings.order,
    )
    .option('--max-stale-ms <n>', 'for staleness', String(defaultSettings.maxStaleMs))
    .option('--max-revisions <n>', 'for staleness-revisions', String(defaultSettings.maxRevisions))
    .option(
      '--fence-scope <name>',
      'for fencing: what a token guards, key or instance',
      defaultSettings.fenceScope,
    )
    .option('--within-ms <n>', 'for progress', String(defaultSettings.withinMs))
    .option('--format <name>', `${historyFormats.join(' or ')} (guessed from the name)`)
    .option('--budget-ms <n>', 'give up on a checker after this long: unknown', String(defaultBudget.timeMs))
    .option('--json', 'a line of JSON for each file and checker')
    .action(async (files: string[], options: CheckOptions) => {
      const wanted = checkersNamed(options.checker);
      const settings = {
        model: named('model', options.model, models),
        grade: options.grade === undefined ? undefined : oneOf('--grade', options.grade, grades),
        order: oneOf('--order', options.order, ['real-time', 'per-instance'] as const),
        maxStaleMs: wholeNumber('--max-stale-ms', options.maxStaleMs, 0, 86_400_000),
        maxRevisions: wholeNumber('--max-revisions', options.maxRevisions, 0, 1_000_000),
        fenceScope: oneOf('--fence-scope', options.fenceScope, ['key', 'instance'] as const),
        withinMs: wholeNumber('--within-ms', options.withinMs, 0, 86_400_000),
      };
      const format =
        options.format === undefined ? undefined : oneOf('--format', options.format, historyFormats);
      const timeMs = wholeNumber('--budget-ms', options.budgetMs, 1, 86_400_000);
      const budget = { ...defaultBudget, timeMs };
      const seen = new Set<FileVerdict['valid']>();
      // A file that cannot be read must not cost the verdicts of the others; it is told at the end.
      const errors: HistoryError[] = [];
      for (const file of files) {
        try {
          const verdicts = await checkFile(file, {
            checkers: wanted,
            settings,
            budget,
            ...(format === undefined ? {} : { format }),
          });
          for (const verdict of verdicts) {
            seen.add(verdict.valid);
            process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : text(verdict));
          }
        } catch (error) {
          if (!(error instanceof HistoryError)) throw error;
          errors.push(error);
          if (options.json) process.stdout.write(`${JSON.stringify(unreadable(error))}\n`);
        }
      }
      if (errors.length > 0) throw new UsageError(errors.map((e) => e.message).join('\n'));
      done(codes.get(worstFirst.find((valid) => seen.has(valid)) ?? 'unknown')!);
    });
}

function checkersNamed(names: string): readonly ListedChecker[] {
  if (names === 'all') return checkers;
  return [...new Set(names.split(','))].map((name) => named('checker', name.trim(), checkers));
}

function text(verdict: FileVerdict): string {
  const word =
    verdict.valid === true
      ? pc.green('valid')
      : verdict.valid === false
        ? pc.red('invalid')
        : pc.yellow('unknown');
  const head = `${word}  ${verdict.file}  ${verdict.checker}: ${verdict.operations} operations, ${Math.round(verdict.elapsedMs)} ms`;
  const asides = [verdict.reason, ...(verdict.notes ?? [])].filter((line) => line !== undefined);
  return `${head}${asides.map((line) => `\n  ${line}`).join('')}${verdict.violations.map((v) => `\n  ${v.summary}`).join('')}\n`;
}
