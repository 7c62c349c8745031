import { rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { wilson } from '../measure/proportion.ts';
import type { Cell, Manifest, PromiseVerdict, Result } from '../result.ts';
import { manifestOf } from '../run.ts';
import { memberCounts, type Profile, profiles, type Scenario } from '../scenario.ts';
import { parseSchedule, scheduleText } from '../schedule-file.ts';
import { caseText } from '../shrink/case.ts';
import type { Tried } from '../shrink/search.ts';
import { type ShrunkCell, seenMs, shrinkCell } from '../shrink/shrink-cell.ts';
import type { Limits } from '../shrink/trials.ts';
import { resultsAt } from './compare-command.ts';
import { exitCodes } from './exit-code.ts';
import { onInterrupt } from './interrupt.ts';
import type { Parts } from './parts.ts';
import { scheduleTable } from './plan-view.ts';
import { type ProgressView, progressView } from './progress-view.ts';
import { prepare, relativeToHere } from './run-command.ts';
import { shellWord } from './runtime-option.ts';
import { named, oneOf, UsageError, wholeNumber } from './usage-error.ts';

interface ShrinkOptions {
  readonly scenario?: string;
  readonly strategy?: string;
  readonly promise?: string;
  readonly tries: string;
  readonly needed?: string;
  readonly measured: string;
  readonly budget: string;
  readonly out?: string;
  readonly etcd?: string;
  readonly etcdVersion?: string;
  readonly databaseUrl?: string;
}

export function addShrinkCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  program
    .command('shrink')
    .description(
      'the smallest schedule that still breaks the promise which a run broke, and how often it does',
    )
    .argument('<result>', 'the run: its folder, or its result.json')
    .option('--scenario <name>', 'of several cells that broke a promise, one of this scenario')
    .option('--strategy <name>', 'of several cells that broke a promise, one of this strategy')
    .option(
      '--promise <name>',
      'of several promises that the cell broke, this one: linearizable, no-lost-writes, ...',
    )
    .option('--tries <n>', 'a candidate is run up to so many times', '3')
    .option('--needed <n>', 'it is taken once it broke the promise so often (more than half of the tries)')
    .option('--measured <n>', 'further runs of what is found, which its rate is told from', '5')
    .option('--budget <time>', 'how long all of it may take, as 90s, 20m or 2h', '20m')
    .option('--out <folder>', "where what is found goes (the run's folder, in shrunk)")
    .option('--etcd <path>', 'the etcd binary')
    .option('--etcd-version <version>', 'this version of etcd')
    .option('--database-url <url>', 'a PostgreSQL that is already there')
    .action(async (path: string, options: ShrinkOptions) => done(await shrinkResult(path, options, parts)));
}

async function shrinkResult(path: string, options: ShrinkOptions, parts: Parts): Promise<number> {
  const { cell, broken, manifest } = await brokenCell(path, options, parts);
  const profile = profileOf(cell, manifest);
  const limits = limitsOf(options, profile);
  const scenario = scenarioOf(cell, named('scenario', cell.scenario, parts.scenarios), path);
  const strategy = named('strategy', cell.strategy, [...parts.strategies, ...parts.variants]);
  const out = options.out ?? join(path.endsWith('.json') ? dirname(path) : path, 'shrunk');
  const { etcd, etcdVersion = scenario.etcdVersion, databaseUrl } = options;
  const prepared = await prepare({ etcd, etcdVersion, databaseUrl, out }, cell.seed);
  const file = join(prepared.out, 'schedule.json');
  const command = `npx faultline run --schedule ${shellWord(relativeToHere(file))}`;

  const startedAt = new Date().toISOString();
  const view = progressView(process.stderr);
  const interrupt = onInterrupt((line) => view.say(line));
  view.say(`${cell.scenario} × ${cell.strategy}, seed ${cell.seed}, broke: ${broken.text}`);
  if (manifest.versions.etcd !== prepared.etcd.version) {
    view.say(
      `the run was with etcd ${manifest.versions.etcd}, this is ${prepared.etcd.version} (--etcd-version)`,
    );
  }
  try {
    const shrunk = await shrinkCell({
      ...prepared,
      scenario,
      strategy,
      profile,
      seed: cell.seed,
      promise: broken.promise,
      limits,
      seenMs: seenMs(cell),
      folder: prepared.out,
      signal: interrupt.signal,
      onProgress: livingOnly(view),
      onCandidate: (tried) => view.say(lineOf(tried)),
    });
    const { smallest, evidence } = shrunk;
    if (smallest === undefined || evidence === undefined) {
      view.say(notAgain(shrunk));
      await rmdir(prepared.out).catch(() => {});
      return exitCodes.unknown;
    }
    const breaks = { promise: broken.promise, text: broken.text, ...rateOf(shrunk) };
    const { steps, members, instances, ratePerSecond, loadMs } = smallest;
    const text = scheduleText(steps, cell.seed, {
      cell: {
        scenario: cell.scenario,
        strategy: cell.strategy,
        profile: profile.name,
        members,
        instances,
        ratePerSecond,
        loadMs,
        ...(cell.tuning && { tuning: cell.tuning }),
      },
      breaks,
    });
    await writeFile(file, text);
    const interrupted = shrunk.ended === 'interrupted';
    const result: Result = {
      schemaVersion: 1,
      manifest: await manifestOf({ ...prepared, profile, seed: cell.seed, command, startedAt, interrupted }),
      cells: [{ ...evidence, command }],
    };
    await parts.reports.write(prepared.out, result);
    view.end();
    const table = scheduleTable([{ ...scenario, schedule: { exactly: steps } }], profile, cell.seed);
    process.stdout.write(
      [
        `${caseText(smallest)}; ${endings[shrunk.ended]}`,
        table ?? 'No faults.',
        `breaks in ${breaks.broken} of ${breaks.of} runs (95 %: ${percent(breaks.from)} to ${percent(breaks.to)}): ${broken.text}`,
        command,
        '',
      ].join('\n'),
    );
    return interrupted ? exitCodes.unknown : exitCodes.kept;
  } finally {
    interrupt.dispose();
    view.end();
  }
}

const endings = {
  smallest: 'nothing more can be taken away',
  budget: 'the budget ended, so there may be a smaller one (shrink this run again to go on)',
  interrupted: 'interrupted, so there may be a smaller one (shrink this run again to go on)',
} as const;

/** The cell and the promise that are meant: the first that are broken, unless they are named. @throws UsageError */
async function brokenCell(
  path: string,
  { scenario, strategy, promise }: ShrinkOptions,
  parts: Parts,
): Promise<{ cell: Cell; broken: PromiseVerdict; manifest: Manifest }> {
  const results = await resultsAt(path, parts);
  if (results.length > 1) {
    throw new UsageError(`${path} should be one run, got a folder of ${results.length}: name one of them`);
  }
  const [{ cells, manifest }] = results as readonly [Result];
  const found = cells
    .filter((cell) => scenario === undefined || cell.scenario === scenario)
    .filter((cell) => strategy === undefined || cell.strategy === strategy)
    .flatMap((cell) => cell.promises.map((broken) => ({ cell, broken, manifest })))
    .filter(({ broken }) => broken.state === 'broken');
  const meant = found.find(({ broken }) => promise === undefined || broken.promise.guarantee === promise);
  if (meant) return meant;
  const others = found.map(({ broken }) => broken.promise.guarantee);
  const of = [scenario, strategy].filter((name) => name !== undefined).join(' with ');
  throw new UsageError(
    `${path} should have broken ${promise ?? 'a promise'}${of && ` in ${of}`}, got ${
      others.length > 0 ? [...new Set(others)].join(', ') : 'none that is broken'
    }`,
  );
}

function profileOf(cell: Cell, manifest: Manifest): Profile {
  const profile = profiles[oneOf("the run's profile", manifest.profile, ['quick', 'standard', 'nightly'])];
  return { ...profile, loadMs: cell.loadMs ?? profile.loadMs };
}

/** The scenario as it was run: with the cell's sizes, and the very steps that its schedule came to. */
function scenarioOf(cell: Cell, scenario: Scenario, path: string): Scenario {
  if (cell.schedule === undefined) {
    throw new UsageError(
      `${path} should tell its schedule, got a result of an earlier version: run it again`,
    );
  }
  const { steps } = parseSchedule(JSON.stringify({ schemaVersion: 1, steps: cell.schedule }), path);
  const { members, instances, ratePerSecond, tuning } = cell;
  return {
    ...scenario,
    tuning,
    members: oneOf("the run's members", String(members), memberCounts),
    instances,
    ratePerSecond,
    schedule: { exactly: steps },
  };
}

function limitsOf(options: ShrinkOptions, profile: Profile): Limits {
  const tries = wholeNumber('--tries', options.tries, 1, 1_000);
  const needed =
    options.needed === undefined
      ? Math.floor(tries / 2) + 1
      : wholeNumber('--needed', options.needed, 1, tries);
  const measured = wholeNumber('--measured', options.measured, 0, 1_000);
  const timeMs = durationMs('--budget', options.budget);
  // Starting, stopping and checking take about as long whatever the load.
  const runMs = profile.warmUpMs + profile.loadMs + profile.recoverMs / 4 + 10_000;
  const leastMs = runMs * (needed + measured);
  if (timeMs < leastMs) {
    throw new UsageError(
      `--budget should be at least ${Math.ceil(leastMs / 1_000)}s for ${needed + measured} runs of about ${Math.round(runMs / 1_000)} s, got ${options.budget}`,
    );
  }
  return { tries, needed, voids: voidsAllowed, measured, runs: Number.POSITIVE_INFINITY, timeMs, runMs };
}

/** Void runs are mostly the machine's doing; what cannot be run at all should not cost many. */
const voidsAllowed = 2;

/** Of fresh runs; where there was no time for any, of the tries that decided. */
function rateOf({ measured, searched }: ShrunkCell) {
  const { broke, held } = measured.broke + measured.held > 0 ? measured : searched;
  const { from, to } = wilson(broke, broke + held);
  const rounded = (share: number) => Math.round(share * 1_000) / 1_000;
  return { broken: broke, of: broke + held, from: rounded(from), to: rounded(to) };
}

function notAgain({ searched: { broke, held, voids }, ended }: ShrunkCell): string {
  const runs = `it broke in ${broke} of ${broke + held} runs${voids > 0 ? `, ${voids} more proved nothing` : ''}`;
  const why = {
    smallest: 'more --tries with a lower --needed find what breaks seldom',
    budget: 'the budget ended: give a longer one',
    interrupted: 'interrupted',
  }[ended];
  return `the promise was not broken again often enough: ${runs}; ${why}`;
}

/** '  ✔ without kill-member at 4.5 s: broke 2 of 2 · 3 faults, 3 members, ... remain · 6 min left' */
function lineOf({ what, state, broke, held, voids, smallest, leftMs }: Tried): string {
  const mark = state === 'taken' ? pc.green('✔') : state === 'refused' ? pc.red('✘') : pc.yellow('?');
  const proved = voids > 0 ? `, ${voids} void` : '';
  const why = state === 'undecided' ? ' (too many void runs)' : state === 'ended' ? ' (cut short)' : '';
  return `  ${mark} ${what}: broke in ${broke} of ${broke + held}${proved}${why} · ${caseText(smallest)} remain · ${Math.round(leftMs / 1_000)} s left`;
}

/** Each run is one of dozens: only a living line tells of it. */
function livingOnly(view: ProgressView): ProgressView['show'] {
  return (progress) => {
    if (process.stderr.isTTY && (progress.type === 'step' || progress.type === 'load')) view.show(progress);
  };
}

/** @throws UsageError for what is no time above 0. */
function durationMs(option: string, text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const ms = Number(count) * { s: 1_000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 's' | 'm' | 'h'];
  if (ms > 0 && ms <= 7 * 24 * 3_600_000) return ms;
  throw new UsageError(`${option} should be a time as 90s, 20m or 2h, 7 days at most, got '${text}'`);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
