import type { Command } from 'commander';
import { compareSides, inTurns } from '../measure/interleaved.ts';
import type { Cell, Result } from '../result.ts';
import { type PlannedCell, run } from '../run.ts';
import { profiles } from '../scenario.ts';
import { exitCodeOfComparison, gateOption, gatesOf, writeComparison } from './compare-command.ts';
import { exitCodes } from './exit-code.ts';
import { onInterrupt } from './interrupt.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';
import { progressView } from './progress-view.ts';
import {
  addStackOptions,
  etcdFor,
  finish,
  overridden,
  prepare,
  type RunOptions,
  seedOf,
  strategiesNamed,
} from './run-command.ts';
import { named, oneOf, UsageError, wholeNumber } from './usage-error.ts';

interface BenchOptions extends RunOptions {
  readonly rounds: string;
  readonly interleave: readonly string[];
}

/** One side of an A/B: a strategy, on an etcd of its own where one is named. */
interface Side extends PlannedCell {
  readonly repeat: string;
}

export function addBenchCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  addStackOptions(
    program
      .command('bench')
      .description(
        'hold two strategies, or two versions of etcd, against each other: A B, B A, ... round by round',
      )
      .argument('[scenario]', 'under which', 'steady')
      .addOption(
        listOption(
          '--interleave <a,b>',
          'two strategies; STRATEGY@VERSION for one on that etcd; the same twice shows how much runs of the same differ',
        ).makeOptionMandatory(),
      )
      .option('--rounds <n>', 'pairs of runs; of fewer than 8 nothing is said of a latency', '10')
      .option('--profile <name>', `how long: ${Object.keys(profiles).join(', ')}`, 'quick')
      .option('--rate <n>', 'operations per second')
      .addOption(gateOption()),
  ).action(async (scenario: string, options: BenchOptions) => done(await bench(scenario, options, parts)));
}

async function bench(scenarioName: string, options: BenchOptions, parts: Parts): Promise<number> {
  const profile = profiles[oneOf('--profile', options.profile ?? 'quick', ['quick', 'standard', 'nightly'])];
  const rounds = wholeNumber('--rounds', options.rounds, 1, 1_000);
  const scenario = overridden(named('scenario', scenarioName, parts.scenarios), options);
  if (options.interleave.length !== 2)
    throw new UsageError(
      `--interleave should be two sides, as in lease-session,write-behind; got ${options.interleave.length}`,
    );
  for (const text of options.interleave) strategiesNamed([text.split('@')[0]!], parts);
  // What was asked for decides the exit code; two strategies may differ in everything, and that is no failure.
  const gates = options.gate === undefined ? [] : gatesOf(options.gate);
  const seed = seedOf(options.seed);
  const prepared = await prepare(options, seed);
  const [a, b] = (await Promise.all(options.interleave.map((text) => sideOf(text)))) as [Side, Side];
  const again = { ...b, strategy: { ...b.strategy, name: `${b.strategy.name}-again` } };
  const sides = [a, a.strategy.name === b.strategy.name ? again : b] as const;
  const cells = inTurns(...sides, rounds).map(({ side: { repeat: _, ...cell }, round }) => ({
    ...cell,
    round,
  }));
  const command = `npx faultline bench ${scenario.name} --interleave ${options.interleave.join(',')} --rounds ${rounds} --profile ${profile.name} --seed ${seed}`;
  const view = progressView(process.stderr);
  view.say(`seed ${seed} · repeat with: ${command}`);
  const interrupt = onInterrupt((line) => view.say(line));
  // The name of a side is no name that `run` knows; the command that repeats its cell is.
  const repeatable = (result: Result): Result => ({
    ...result,
    cells: result.cells.map(
      (cell): Cell => ({
        ...cell,
        command: sides.find(({ strategy }) => strategy.name === cell.strategy)!.repeat,
      }),
    ),
  });
  try {
    const judged = await run(
      { ...prepared, cells, profile, seed, command },
      {
        signal: interrupt.signal,
        onProgress: (progress) => view.show(progress),
        onResult: async (soFar) => void (await parts.reports.write(prepared.out, repeatable(soFar))),
      },
    );
    const result = repeatable(judged);
    const code = await finish(result, prepared.out, { json: options.json, parts, view });
    const comparison = compareSides(result, { a: sides[0].strategy.name, b: sides[1].strategy.name }, gates);
    await writeComparison(prepared.out, comparison, parts);
    const told = `${comparison.counted} of ${rounds} rounds count.\n${parts.reports.comparison.text(comparison)}`;
    // With --json stdout is the result alone.
    (options.json ? process.stderr : process.stdout).write(told);
    if (code === exitCodes.broken || code === exitCodes.environment || gates.length === 0) return code;
    return exitCodeOfComparison(comparison);
  } finally {
    interrupt.dispose();
    view.end();
  }

  async function sideOf(text: string): Promise<Side> {
    const [name, version] = text.split('@') as [string, string | undefined];
    const [strategy] = strategiesNamed([name], parts);
    const etcd = version === undefined ? undefined : await etcdFor({ etcdVersion: version });
    return {
      scenario,
      strategy: version === undefined ? strategy! : { ...strategy!, name: `${name}-etcd-${version}` },
      ...(etcd && { etcd }),
      repeat: `npx faultline run ${scenario.name} --strategy ${name} --profile ${profile.name} --seed ${seed}${version === undefined ? '' : ` --etcd-version ${version}`}`,
    };
  }
}
