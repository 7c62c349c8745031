import type { Command } from 'commander';
import type { Engine } from '../cluster/docker/engine.ts';
import { sweepAbandoned as removeAbandoned } from '../process/abandoned.ts';
import { type DoctorOptions, diagnose, diagnosisText } from '../setup/doctor.ts';
import { exitCodes } from './exit-code.ts';

export function addDoctorCommand(program: Command, done: (code: number) => void): void {
  program
    .command('doctor')
    .description(
      'show each part that a run needs: version, where it comes from, and what to do if it is missing',
    )
    .option('--etcd <path>', 'the etcd binary')
    .option('--etcd-version <version>', 'this version of etcd')
    .option('--database-url <url>', 'a PostgreSQL that is already there')
    .option('--json', 'as JSON')
    .option(
      '--sweep',
      'remove what killed runs left on Docker or in a Toxiproxy that outlives them, and nothing else',
    )
    .action(async (options: DoctorOptions & { json?: boolean; sweep?: boolean }) => {
      if (options.sweep) return done(await sweep());
      const diagnoses = await diagnose(options);
      process.stdout.write(
        options.json ? `${JSON.stringify(diagnoses, null, 2)}\n` : `${diagnosisText(diagnoses)}\n`,
      );
      done(diagnoses.every((d) => d.ok || !d.required) ? exitCodes.kept : exitCodes.environment);
    });
}

/**
 * Only what carries the labels of a command that is gone, and proxies that one has listed. Without an engine there may be no
 * more to remove: it is told.
 */
async function sweep(): Promise<number> {
  const told = (what: string, names: readonly string[]) =>
    process.stdout.write(`${what}: ${names.join(', ') || 'nothing'}\n`);
  told('removed from Toxiproxies', await removeAbandoned());
  const { connectEngine, NoEngine } = await import('../cluster/docker/engine.ts');
  const { sweepAbandoned } = await import('../cluster/docker/ownership.ts');
  let engine: Engine;
  try {
    engine = await connectEngine();
  } catch (error) {
    if (!(error instanceof NoEngine)) throw error;
    process.stdout.write(`Docker was not looked at: ${error.message}\n`);
    return exitCodes.kept;
  }
  const { removed, left } = await sweepAbandoned(engine);
  told('removed from Docker', removed);
  told('left there, since their command runs or is of another machine or boot', left);
  return exitCodes.kept;
}
