import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { ownVersion } from '../run.ts';
import { addBenchCommand } from './bench-command.ts';
import { addCacheCommand } from './cache-command.ts';
import { addCheckCommand } from './check-command.ts';
import { addCompareCommand } from './compare-command.ts';
import { addConvertCommand } from './convert-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { exitCodes } from './exit-code.ts';
import { addListCommand } from './list-command.ts';
import { addMergeCommand } from './merge-command.ts';
import type { Parts } from './parts.ts';
import { addReportCommand } from './report-command.ts';
import { addRunCommand, runMainJob } from './run-command.ts';
import { addSaturateCommand } from './saturate-command.ts';
import { addServeCommand } from './serve-command.ts';
import { addShrinkCommand } from './shrink-command.ts';
import { addToxiproxyCommand } from './toxiproxy-command.ts';
import { addTrendCommand } from './trend-command.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line and resolves with the exit code (DESIGN 3). Never throws. */
export async function main(args: readonly string[], parts: Parts): Promise<number> {
  let exitCode: number = exitCodes.kept;
  const program = new Command('faultline')
    .description(
      'Breaks a real etcd cluster under load, checks every answer, and reports what each strategy costs and breaks.',
    )
    .version(await ownVersion())
    .showHelpAfterError('(faultline --help shows what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nWithout a command it runs the main job: the three strategies through steady, leader-partition and peer-latency.' +
        '\nExit codes: 0 all promises kept and thresholds held, 1 a promise broken or a threshold crossed, 2 unknown, 3 the harness or its environment broke, 64 wrong usage.',
    );
  const done = (code: number) => {
    exitCode = code;
  };
  addRunCommand(program, parts, done);
  addMergeCommand(program, parts, done);
  addShrinkCommand(program, parts, done);
  addListCommand(program, parts);
  addCheckCommand(program, done);
  addConvertCommand(program);
  addReportCommand(program, parts);
  addCompareCommand(program, parts, done);
  addBenchCommand(program, parts, done);
  addTrendCommand(program, parts);
  addServeCommand(program, parts);
  addCacheCommand(program, parts);
  addSaturateCommand(program, parts, done);
  addDoctorCommand(program, done);
  addToxiproxyCommand(program, done);

  try {
    if (args.length === 0) done(await runMainJob(parts));
    else await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return failed(error);
  }
  return exitCode;
}

function failed(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has written its message itself; help and version are no errors.
    return error.exitCode === 0 ? exitCodes.kept : exitCodes.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${pc.red('faultline:')} ${message}\n`);
  if (error instanceof UsageError) return exitCodes.usage;
  if (process.env.FAULTLINE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.environment;
}
