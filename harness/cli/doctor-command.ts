import type { Command } from 'commander';
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
    .action(async (options: DoctorOptions & { json?: boolean }) => {
      const diagnoses = await diagnose(options);
      process.stdout.write(
        options.json ? `${JSON.stringify(diagnoses, null, 2)}\n` : `${diagnosisText(diagnoses)}\n`,
      );
      done(diagnoses.every((d) => d.ok || !d.required) ? exitCodes.kept : exitCodes.environment);
    });
}
