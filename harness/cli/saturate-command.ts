import { join } from 'node:path';
import type { Command } from 'commander';
import type { SaturationRow } from '../result.ts';
import { manifestOf } from '../run.ts';
import { runSaturation } from '../run-saturation.ts';
import { profiles } from '../scenario.ts';
import { nemesesOf } from '../schedule.ts';
import { exitCodes } from './exit-code.ts';
import { onInterrupt } from './interrupt.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';
import { progressView } from './progress-view.ts';
import { addStackOptions, finish, prepare, type RunOptions, seedOf, strategiesNamed } from './run-command.ts';
import { UsageError, wholeNumber } from './usage-error.ts';

interface SaturateOptions extends RunOptions {
  readonly connections: readonly string[];
  readonly seconds: string;
}

export function addSaturateCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  addStackOptions(
    program
      .command('saturate')
      .description("find each strategy's ceiling: closed loop, no faults, every answer checked")
      .addOption(listOption('--strategy <name>', 'only these strategies, separated by commas'))
      .addOption(
        listOption('--connections <n>', 'numbers of connections, separated by commas').default([
          '1',
          '8',
          '32',
        ]),
      )
      .option('--seconds <n>', 'of load for each number of connections', '5'),
  ).action(async (options: SaturateOptions) => done(await saturateAll(options, parts)));
}

async function saturateAll(options: SaturateOptions, parts: Parts): Promise<number> {
  const strategies = strategiesNamed(options.strategy, parts);
  const connections = options.connections.map((text) => wholeNumber('--connections', text, 1, 1_000));
  const seconds = wholeNumber('--seconds', options.seconds, 1, 3_600);
  const seed = seedOf(options.seed);
  const workload = parts.scenarios.find((s) => nemesesOf(s.schedule).length === 0)?.workload;
  if (workload === undefined)
    throw new UsageError('saturate needs a scenario without faults for its workload');
  const prepared = await prepare(options, seed);
  const view = progressView(process.stderr);
  const interrupt = onInterrupt((line) => view.say(line));
  const startedAt = new Date().toISOString();
  const rows: SaturationRow[] = [];
  const command = `npx faultline saturate --strategy ${strategies.map((s) => s.name).join(',')} --connections ${connections.join(',')} --seconds ${seconds} --seed ${seed}`;
  try {
    for (const strategy of strategies) {
      if (interrupt.signal.aborted) break;
      view.say(`${strategy.name}: ${connections.join(', ')} connections, ${seconds} s each`);
      const measured = await runSaturation({
        ...prepared,
        strategy,
        connections,
        seconds,
        members: 3,
        workload,
        profile: profiles.quick,
        seed,
        folder: join(prepared.out, 'saturation', strategy.name),
        signal: interrupt.signal,
      });
      rows.push(...measured);
    }
  } catch (error) {
    // What was measured until then is written; the rest is told.
    if (!interrupt.signal.aborted) throw error;
  } finally {
    interrupt.dispose();
  }
  const manifest = await manifestOf({
    ...prepared,
    seed,
    command,
    profile: profiles.quick,
    startedAt,
    interrupted: interrupt.signal.aborted,
  });
  await finish({ schemaVersion: 1, manifest, cells: [], saturation: rows }, prepared.out, {
    json: options.json,
    parts,
    view,
  });
  if (rows.some((row) => row.state === 'broken')) return exitCodes.broken;
  const complete = rows.length === strategies.length * connections.length;
  return complete && rows.every((row) => row.state === 'kept') ? exitCodes.kept : exitCodes.unknown;
}
