import { randomInt } from 'node:crypto';
import { access, appendFile, constants, mkdir, readFile, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { EtcdNotFound, ensureEtcd, type FoundEtcd, findEtcd } from '../cluster/provision.ts';
import { checkedTuning, type Tuning, tunedBy, tuningBounds, usualTimes } from '../cluster/tuning.ts';
import { connectExternalDatabase, DatabaseUnreachable } from '../database/external-database.ts';
import { findPostgres } from '../database/provision.ts';
import { configurationOf, type Shard, unitsOf, unitsOfShard } from '../matrix.ts';
import { compareRuns } from '../measure/run-comparison.ts';
import { parseThreshold, threshold } from '../measure/threshold.ts';
import type { Measurement } from '../measurement.ts';
import type { Nemesis } from '../nemesis/nemesis.ts';
import { findOriginal, type OriginalToxiproxy, ToxiproxyUnfit } from '../network/toxiproxy/original.ts';
import { sweepAbandoned } from '../process/abandoned.ts';
import { projectRoot } from '../project.ts';
import type { Measured, Result } from '../result.ts';
import { cellsOf, ended, type Plan, type PlannedCell, run } from '../run.ts';
import {
  memberCounts,
  type Profile,
  profiles,
  type Scenario,
  type Schedule,
  scheduleBaseMs,
} from '../scenario.ts';
import { nemesesOf } from '../schedule.ts';
import { type ReadSchedule, readSchedule, type ScheduledCell, ScheduleInvalid } from '../schedule-file.ts';
import type { StrategyDescription } from '../service/strategy.ts';
import { exitCodeOfComparison, gateOption, gatesOf, resultsAt, writeComparison } from './compare-command.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import {
  addExternalOptions,
  endpointsIn,
  externalAsked,
  externalRefusal,
  fitForExternal,
  prepareExternal,
} from './external-option.ts';
import { onInterrupt } from './interrupt.ts';
import { listOption } from './list-option.ts';
import type { Parts } from './parts.ts';
import { planData, planText, scheduleTable, skippedIn } from './plan-view.ts';
import { type ProgressView, progressView } from './progress-view.ts';
import {
  addRuntimeOptions,
  imagesAsked,
  prepareDocker,
  type RuntimeOptions,
  runtimeWords,
  shellWord,
} from './runtime-option.ts';
import { named, oneOf, UsageError, wholeNumber } from './usage-error.ts';

export interface RunOptions extends RuntimeOptions {
  readonly all?: boolean;
  readonly shard?: string;
  /** What the schedule's file says of its cell, when it is to be run as that. */
  readonly cell?: ScheduledCell;
  readonly strategy?: readonly string[];
  readonly profile?: string;
  readonly duration?: string;
  readonly seed?: string;
  readonly members?: string;
  readonly rate?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly schedule?: string;
  readonly etcd?: string;
  readonly etcdVersion?: string;
  readonly toxiproxy?: string;
  readonly databaseUrl?: string;
  readonly heartbeatMs?: string;
  readonly baseline?: string;
  readonly gate?: readonly string[];
  readonly reporter?: readonly string[];
  readonly threshold?: readonly string[];
  readonly electionMs?: string;
  readonly preVote?: boolean;
  readonly snapshotCount?: string;
  readonly quotaBackendBytes?: string;
}

export function addRunCommand(program: Command, parts: Parts, done: (code: number) => void): void {
  addExternalOptions(
    addStackOptions(
      program
        .command('run')
        .description('run scenarios with strategies: real cluster, real faults, every answer checked')
        .argument(
          '[scenario...]',
          `which (${[...parts.scenarios, ...parts.measurements].map((s) => s.name).join(', ')}); ` +
            'all but comparisons and measurements when left out',
        )
        .option('--all', 'every scenario, comparisons and measurements too, with its strategies')
        .option('--shard <i/n>', 'the i-th of n parts of what would be run, to be merged (faultline merge)')
        .addOption(listOption('--strategy <name>', 'only these strategies, separated by commas'))
        .option('--profile <name>', `how long: ${Object.keys(profiles).join(', ')} (quick)`)
        .option('--duration <time>', "of load in each cell, instead of the profile's: 90s, 30m, 4h")
        .option('--members <n>', 'members of the cluster: 1, 3, 5 or 7')
        .option('--rate <n>', 'operations per second')
        .option(
          '--schedule <file>',
          "these faults instead of the scenario's own: a run's schedule.json, or your own; " +
            'without a scenario, in the cell that the file names',
        )
        .addOption(
          new Option(
            '--threshold <bound>',
            "a bound on a figure, as in 'read.p99<50' (may be given again)",
          ).argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]),
        )
        .addOption(reporterOption(parts))
        .option(
          '--baseline <result>',
          'hold the run against an earlier one; what got worse decides the exit code too',
        )
        .addOption(gateOption())
        .option('--dry-run', 'print what would be done, and do nothing'),
    ),
  ).action(async (names: string[], options: RunOptions) => {
    if (options.all && names.length > 0)
      throw new UsageError(`--all should be given without scenarios, got ${names.join(', ')}`);
    const cell =
      names.length === 0 && !options.all && options.schedule !== undefined
        ? (await scheduleAt(options.schedule)).cell
        : undefined;
    if (cell !== undefined) {
      const scenario = named('scenario', cell.scenario, parts.scenarios);
      return done(await runScenarios([scenario], inCell(cell, options), parts, options));
    }
    const usual = parts.scenarios.filter(({ onlyByName }) => !onlyByName);
    const wanted = options.all
      ? [...sparing(options, usual), ...parts.measurements]
      : names.length > 0
        ? onceEach(names).map((n) => named('scenario', n, [...parts.scenarios, ...parts.measurements]))
        : sparing(
            options,
            usual.filter((scenario) => !scenario.comparison && !scenario.watching),
          );
    done(await runScenarios(wanted, options, parts));
  });
}

/** What the file says of its cell stands where the command line says nothing. */
function inCell(cell: ScheduledCell, options: RunOptions): RunOptions {
  const text = (number: number | undefined) => (number === undefined ? undefined : String(number));
  return {
    ...options,
    cell: options.profile === undefined ? cell : { ...cell, loadMs: undefined },
    strategy: options.strategy ?? (cell.strategy === undefined ? undefined : [cell.strategy]),
    profile: options.profile ?? cell.profile,
    members: options.members ?? text(cell.members),
    rate: options.rate ?? text(cell.ratePerSecond),
  };
}

export function runMainJob(parts: Parts): Promise<number> {
  return runScenarios(parts.mainJob, {}, parts);
}

/** The options of every command that starts a stack. */
export function addStackOptions(command: Command): Command {
  return addRuntimeOptions(command)
    .option('--seed <n>', 'the seed of all chance (drawn and printed when not given)')
    .option('--out <folder>', 'where the run goes (reports/out/<time>-<seed>)')
    .option('--json', 'print the result as JSON on stdout')
    .option('--etcd <path>', 'the etcd binary')
    .option('--etcd-version <version>', 'this version of etcd')
    .option('--toxiproxy <path|url>', 'a real toxiproxy-server in place of the embedded one')
    .option('--database-url <url>', 'a PostgreSQL that is already there')
    .option('--heartbeat-ms <n>', "the members' heartbeat interval")
    .option('--election-ms <n>', "the members' election timeout")
    .option('--pre-vote', 'members ask before they stand for election (3.5 and later do by themselves)')
    .option('--no-pre-vote', 'they do not')
    .option('--snapshot-count <n>', 'entries from one snapshot of the members to the next')
    .option('--quota-backend-bytes <n>', 'a store that has reached it refuses writes');
}

export function reporterOption({ reports }: Parts): Option {
  return listOption(
    '--reporter <name>',
    `only these reports beside result.json: ${reports.names.join(', ')}`,
  );
}

/** @throws UsageError for one that there is not. */
export function reportersOf(
  names: readonly string[] | undefined,
  { reports }: Parts,
): readonly string[] | undefined {
  return names?.map((name) => oneOf('--reporter', name, reports.names));
}

async function runScenarios(
  wanted: readonly (Scenario | Measurement)[],
  options: RunOptions,
  parts: Parts,
  /** What was said on the command line, where that is less than what is run by. */
  said: RunOptions = options,
): Promise<number> {
  const profile = lasting(profileOf(options), options.duration);
  const measured = wanted.filter((one) => 'measure' in one);
  const inCells = wanted.flatMap((one) => ('measure' in one ? [] : [one]));
  if (inCells.length === 0) refuseOptionsOfCells(measured, options);
  if (options.runtime === 'external' && measured.length > 0) {
    throw new UsageError(
      `--runtime external is for scenarios, got ${measured.map(({ name }) => name).join(', ')}, which need no cluster, or one of their own`,
    );
  }
  const given =
    options.schedule === undefined ? undefined : await scheduleFrom(options.schedule, inCells, profile);
  const scenarios = inCells.map((scenario) =>
    overridden(given ? { ...scenario, schedule: { exactly: given.steps } } : scenario, options),
  );
  const wholeMatrix = scenarios.flatMap((scenario) => {
    // What a scenario compares is in its plan; naming some of it runs those alone.
    const names =
      options.strategy ?? (scenario.comparison ?? scenario.watching)?.strategies ?? scenario.strategies;
    return cellsOf(scenario, strategiesNamed(names, parts));
  });
  const seed = options.seed === undefined && given?.seed !== undefined ? given.seed : seedOf(options.seed);
  const { cells: planned, measurements, matrix } = partOf(wholeMatrix, measured, { options, profile });
  if (options.dryRun) {
    process.stdout.write(
      options.json
        ? `${JSON.stringify(planData(planned, measurements, profile, seed), null, 2)}\n`
        : planText(planned, measurements, profile, seed),
    );
    return exitCodes.kept;
  }

  const reporters = reportersOf(options.reporter, parts);
  const gates = gatesOf(options.gate);
  const base = options.baseline === undefined ? undefined : await resultsAt(options.baseline, parts);
  const prepared = await prepare(options, seed);
  const cells = await withVersionsOf(planned, options, prepared.etcd);
  const view = progressView(process.stderr);
  const command = repeatCommand(options.cell ? [] : wanted, said, seed);
  view.say(`seed ${seed} · repeat with: ${command}`);
  if (prepared.toxiproxy) {
    const { version } = prepared.toxiproxy;
    view.say(
      `Toxiproxy ${version} in place of the embedded one: jitter and the sizes of slices do not follow from the seed`,
    );
  }
  const own = new Set(cells.map(({ scenario }) => scenario));
  const schedules = scheduleTable([...own], profile, seed);
  if (schedules !== undefined) view.say(schedules);
  for (const skipped of await skippedIn([...own])) view.say(`SKIPPED: ${skipped}`);
  const interrupt = onInterrupt((line) => view.say(line));
  try {
    const plan: Plan = { ...prepared, cells, profile, seed, command, ...(matrix && { matrix }) };
    const { signal } = interrupt;
    const judged = await run(plan, {
      signal,
      onProgress: (progress) => view.show(progress),
      onResult: async (soFar) => void (await parts.reports.write(prepared.out, soFar, reporters)),
    });
    const result = await withMeasurements(judged, measurements, {
      ...plan,
      signal,
      say: (line) => view.say(line),
    });
    const code = await finish(result, prepared.out, { json: options.json, parts, view, reporters });
    if (base === undefined) return code;
    const comparison = compareRuns(base, [result], gates);
    await writeComparison(prepared.out, comparison, parts);
    // With --json stdout is the result alone.
    (options.json ? process.stderr : process.stdout).write(parts.reports.comparison.text(comparison));
    return worse(code, exitCodeOfComparison(comparison));
  } finally {
    interrupt.dispose();
    view.end();
  }
}

/** @throws UsageError for a duration that is none, or too short for a schedule. */
function lasting(profile: Profile, duration: string | undefined): Profile {
  if (duration === undefined) return profile;
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(duration) ?? [];
  const loadMs = Number(amount) * { s: 1_000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 's' | 'm' | 'h'];
  if (!(loadMs >= scheduleBaseMs && loadMs <= longestMs)) {
    throw new UsageError(
      `--duration should be like 90s, 30m or 4h, from ${scheduleBaseMs / 1_000}s to ${longestMs / 3_600_000}h, got '${duration}'`,
    );
  }
  return { ...profile, loadMs };
}

/** A history of more would not be judged on the machines that this is for. */
const longestMs = 24 * 3_600_000;

/** What of a matrix is to be run here: all of it, or a shard. @throws UsageError for a shard that there is not */
function partOf(
  wholeMatrix: readonly PlannedCell[],
  measured: readonly Measurement[],
  { options, profile }: { readonly options: RunOptions; readonly profile: Profile },
): Pick<Plan, 'cells' | 'matrix'> & { readonly measurements: readonly Measurement[] } {
  if (options.shard === undefined && !options.all) return { cells: wholeMatrix, measurements: measured };
  const asked = shardOf(options);
  const units = unitsOf(wholeMatrix, measured, profile);
  if (asked.of > units.length) {
    throw new UsageError(
      `--shard should be of at most ${units.length} parts, as there is nothing more to divide, got ${asked.of}`,
    );
  }
  const own = unitsOfShard(units, asked);
  const matrix = {
    ...asked,
    cells: units.flatMap(({ names }) => names),
    configuration: configurationOf(units, profile),
  };
  return {
    cells: own.flatMap(({ cells }) => cells),
    measurements: own.flatMap(({ measurements }) => measurements),
    matrix,
  };
}

/** @throws UsageError */
function shardOf({ shard: text, seed }: RunOptions): Shard {
  if (text === undefined) return { shard: 1, of: 1 };
  const [, shard, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (shard === undefined || of === undefined || shard < 1 || shard > of) {
    throw new UsageError(`--shard should be like 2/4, the second of four parts, got '${text}'`);
  }
  // Each part would draw another, and none would fit the others.
  if (seed === undefined) throw new UsageError(`--shard needs --seed, the same for every part, got none`);
  return { shard, of };
}

/** The result with what was measured after its cells; what an interrupt cut short is left out, and the manifest says so. */
async function withMeasurements(
  result: Result,
  measurements: readonly Measurement[],
  plan: Plan & { readonly signal: AbortSignal; say(line: string): void },
): Promise<Result> {
  if (measurements.length === 0) return result;
  const { signal } = plan;
  const tables: Measured[] = [];
  for (const measurement of measurements) {
    if (signal.aborted) break;
    plan.say(`${measurement.name}: ${measurement.question}`);
    const folder = join(plan.out, 'measurements', measurement.name);
    await mkdir(folder, { recursive: true });
    try {
      tables.push(await measurement.measure({ ...plan, folder }));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  const manifest = ended(result.manifest, signal.aborted);
  return { ...result, manifest, measurements: [...(result.measurements ?? []), ...tables] };
}

/** Broken outweighs all, then a broken environment, then what is unknown. */
function worse(...codes: readonly number[]): number {
  const order = [exitCodes.broken, exitCodes.environment, exitCodes.unknown] as const;
  return order.find((code) => codes.includes(code)) ?? exitCodes.kept;
}

/** Writes the reports, shows the summary, and tells the exit code. */
export async function finish(
  result: Result,
  out: string,
  options: { json?: boolean; parts: Parts; view: ProgressView; reporters?: readonly string[] },
): Promise<number> {
  const { parts, view } = options;
  const { html } = await parts.reports.write(out, result, options.reporters);
  view.end();
  if (options.json) {
    process.stdout.write(`${await readFile(join(out, 'result.json'), 'utf8')}\n`);
  } else {
    process.stdout.write(`${parts.reports.summary(result, process.stdout, html && relativeToHere(html))}\n`);
  }
  if (process.env.GITHUB_ACTIONS === 'true') {
    for (const line of parts.reports.annotations(result)) process.stderr.write(`${line}\n`);
    if (process.env.GITHUB_STEP_SUMMARY) {
      await appendFile(process.env.GITHUB_STEP_SUMMARY, parts.reports.markdown(result));
    }
  }
  return exitCodeOf(result);
}

/** Each with the etcd that its scenario asks for, found before anything is started; the command line has the last word. */
async function withVersionsOf(
  cells: readonly PlannedCell[],
  options: RunOptions,
  usual: Plan['etcd'],
): Promise<readonly PlannedCell[]> {
  if (options.etcd !== undefined || options.etcdVersion !== undefined) return cells;
  const found = new Map<string, Pick<FoundEtcd, 'path' | 'version'>>([[usual.version, usual]]);
  for (const { scenario } of cells) {
    const { etcdVersion } = scenario;
    if (etcdVersion === undefined || found.has(etcdVersion)) continue;
    if (options.runtime === 'docker') {
      throw new UsageError(
        `${scenario.name} is about etcd ${etcdVersion}, but the image ${usual.path} has ${usual.version}: name one with --etcd-image`,
      );
    }
    found.set(etcdVersion, await etcdFor({ etcdVersion }));
  }
  return cells.map((cell) => {
    const etcd = found.get(cell.scenario.etcdVersion ?? usual.version);
    return etcd === undefined || etcd === usual ? cell : { ...cell, etcd };
  });
}

/** What every run needs before anything is started; what the user got wrong is a UsageError. */
export async function prepare(
  options: RunOptions,
  seed: number,
): Promise<
  Pick<
    Plan,
    'etcd' | 'images' | 'external' | 'toxiproxy' | 'databaseUrl' | 'tuning' | 'out' | 'postgresVersion'
  >
> {
  const tuning = tuningOf(options);
  const docker = imagesAsked(options);
  const external = await externalAsked(options, process.env);
  const postgresVersion = await versionOfDatabase(options.databaseUrl);
  const toxiproxy = await toxiproxyNamed(options.toxiproxy, say);
  const out = outFolder(options.out, seed);
  await makeFolder(out);
  const found = await (docker
    ? prepareDocker(docker, say)
    : external
      ? prepareExternal(external, say, {
          ...(options.peerProxies !== undefined && { file: options.peerProxies }),
          ...(toxiproxy?.kind === 'server' && { toxiproxyUrl: toxiproxy.url }),
        })
      : etcdFor(options).then((etcd) => ({ etcd }))
  ).catch(async (error) => {
    // A folder that a run has nothing to write into is no result. One that holds anything stays.
    await rmdir(out).catch(() => {});
    throw error;
  });
  return { ...found, toxiproxy, databaseUrl: options.databaseUrl, tuning, out, postgresVersion };
}

/** Of the command line. What etcd would refuse when it starts is refused before. @throws UsageError */
function tuningOf(options: RunOptions): Tuning {
  const within = (option: string, text: string | undefined, name: keyof typeof tuningBounds) =>
    optional(option, text, ...tuningBounds[name]);
  const heartbeatMs = within('--heartbeat-ms', options.heartbeatMs, 'heartbeatMs');
  const electionMs = within('--election-ms', options.electionMs, 'electionMs');
  const times = { ...usualTimes, ...(heartbeatMs && { heartbeatMs }), ...(electionMs && { electionMs }) };
  if (times.electionMs < 5 * times.heartbeatMs) {
    throw new UsageError(
      `--election-ms should be at least 5 times --heartbeat-ms (${times.heartbeatMs}), got ${times.electionMs}`,
    );
  }
  return checkedTuning({
    heartbeatMs,
    electionMs,
    preVote: options.preVote,
    snapshotCount: within('--snapshot-count', options.snapshotCount, 'snapshotCount'),
    quotaBackendBytes: within('--quota-backend-bytes', options.quotaBackendBytes, 'quotaBackendBytes'),
  });
}

async function versionOfDatabase(url: string | undefined): Promise<string> {
  if (url === undefined) return (await findPostgres()).version;
  try {
    await using database = await connectExternalDatabase({ primaryUrl: url });
    return database.version;
  } catch (error) {
    if (error instanceof DatabaseUnreachable || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

async function toxiproxyNamed(
  named: string | undefined,
  say: (line: string) => void,
): Promise<OriginalToxiproxy | undefined> {
  if (named === undefined) return undefined;
  try {
    const found = await findOriginal(named);
    if (found.kind === 'server') {
      const removed = await sweepAbandoned();
      if (removed.length > 0) say(`removed what an earlier run left: ${removed.join(', ')}`);
    }
    return found;
  } catch (error) {
    throw error instanceof ToxiproxyUnfit ? new UsageError(error.message, { cause: error }) : error;
  }
}

function outFolder(named: string | undefined, seed: number): string {
  if (named?.trim() === '') throw new UsageError("--out should name a folder, got ''");
  return resolve(named ?? join(projectRoot, 'reports', 'out', `${timeName(new Date())}-${seed}`));
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `the output folder ${folder} should be writable, got ${code}: choose another with --out`,
    );
  }
}

/** Folder after folder: where a file system refuses with ENOENT (/proc), Node's recursive mkdir tries without end. */
async function makeFolders(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw Object.assign(new Error(`${folder} is a file`), { code: 'a file' });
  if (dirname(folder) !== folder) await makeFolders(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another run made it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Told as it happens, before there is a view. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An etcd that is there is no news; one that has to be fetched is told step by step. */
export async function etcdFor({ etcd, etcdVersion }: RunOptions): Promise<FoundEtcd> {
  try {
    const search = await findEtcd({ etcd, etcdVersion });
    if (search.found) return search.found;
  } catch (error) {
    // What the search itself refuses was named wrongly: the file or the version.
    if (error instanceof EtcdNotFound || error instanceof RangeError)
      throw new UsageError(error.message, { cause: error });
    throw error;
  }
  return await ensureEtcd({ etcdVersion, say });
}

function profileOf({ profile, cell }: RunOptions): Profile {
  const known = profiles[oneOf('--profile', profile ?? 'quick', ['quick', 'standard', 'nightly'])];
  return { ...known, loadMs: cell?.loadMs ?? known.loadMs };
}

export function seedOf(text: string | undefined): number {
  return text === undefined ? randomInt(1, 2 ** 31) : wholeNumber('--seed', text, 0, 2 ** 31 - 1);
}

export function strategiesNamed(
  names: readonly string[] | undefined,
  { strategies, variants }: Parts,
): readonly StrategyDescription[] {
  if (names === undefined) return strategies;
  return onceEach(names).map((name) => named('strategy', name, [...strategies, ...variants]));
}

/** A cell that is asked for twice would write over its own history. */
function onceEach(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** The schedule of a file for the one scenario that is to be run with it; what is wrong with it is a UsageError. */
async function scheduleFrom(file: string, wanted: readonly Scenario[], profile: Profile) {
  if (wanted.length !== 1) {
    throw new UsageError(
      `--schedule is for one scenario, got ${wanted.length}: name it (faultline run mixed --schedule ${file})`,
    );
  }
  const schedule = await scheduleAt(file);
  const late = schedule.steps.findIndex(({ atMs, forMs }) => atMs + forMs > profile.loadMs);
  if (late >= 0) {
    const { atMs, forMs } = schedule.steps[late]!;
    throw new UsageError(
      `${file}: steps/${late} should end within the ${profile.loadMs} ms of load of profile ${profile.name}, got ${atMs} + ${forMs} ms: take a longer --profile`,
    );
  }
  return schedule;
}

/** @throws UsageError for what is no schedule's file. */
async function scheduleAt(file: string): Promise<ReadSchedule> {
  return readSchedule(file).catch((error) => {
    throw error instanceof ScheduleInvalid ? new UsageError(error.message, { cause: error }) : error;
  });
}

/** What is told and would be passed over is refused. */
function refuseOptionsOfCells(measurements: readonly Measurement[], options: RunOptions): void {
  for (const name of ['strategy', 'members', 'rate', 'schedule', 'threshold'] as const) {
    if (options[name] === undefined) continue;
    const names = measurements.map((one) => one.name).join(', ');
    throw new UsageError(
      `--${name} should be left out: ${names} measures without strategies, members and load, got ${options[name]}`,
    );
  }
}

export function overridden(asked: Scenario, options: RunOptions): Scenario {
  const external = options.runtime === 'external' ? endpointsIn(options.endpoints) : undefined;
  const scenario = external ? fitForExternal(asked, external) : asked;
  const members =
    options.members === undefined ? scenario.members : oneOf('--members', options.members, memberCounts);
  if (external && members !== external.length) {
    throw new UsageError(
      `--members should be left out with --runtime external, whose endpoints are ${external.length}, got ${members}`,
    );
  }
  if (members < 3 && nemesesOf(scenario.schedule).some(({ strikes }) => strikes === undefined)) {
    throw new UsageError(
      `--members should be at least 3 for ${scenario.name}, whose faults are between members, got ${members}`,
    );
  }
  const ratePerSecond = optional('--rate', options.rate, 1, 50_000) ?? scenario.ratePerSecond;
  const schedule =
    options.databaseUrl === undefined ? scenario.schedule : sparingDatabase(scenario.name, scenario.schedule);
  return {
    ...scenario,
    schedule: sparingRuntime(scenario.name, schedule, options),
    members,
    instances: options.cell?.instances ?? scenario.instances,
    ratePerSecond,
    ...tuned({ tuning: options.cell?.tuning ?? scenario.tuning, name: scenario.name }, options),
    ...thresholdsOf(scenario, options.threshold),
  };
}

/** Both together may be what etcd refuses, though each alone is not. @throws UsageError */
function tuned(scenario: Pick<Scenario, 'name' | 'tuning'>, options: RunOptions): Pick<Scenario, 'tuning'> {
  try {
    const tuning = tunedBy(scenario.tuning, tuningOf(options));
    return Object.keys(tuning).length > 0 ? { tuning } : {};
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${scenario.name}: ${error.message}`, { cause: error });
  }
}

/** Of scenarios that nobody has named those that may be run on the database that is given; the others are told. */
function sparing(options: RunOptions, all: readonly Scenario[]): readonly Scenario[] {
  const scenarios = options.runtime === 'external' ? fitting(options, all) : all;
  if (options.databaseUrl === undefined) return scenarios;
  const left = scenarios.filter(
    ({ schedule }) => !('draw' in schedule) && nemesesOf(schedule).some(strikesDatabase),
  );
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(', ');
    process.stderr.write(
      `left out, because they strike the database, which is not the run's own: ${names}\n`,
    );
  }
  return scenarios.filter((scenario) => !left.includes(scenario));
}

/** Of scenarios that nobody has named those that may be run on a cluster that is somebody else's. */
function fitting(options: RunOptions, scenarios: readonly Scenario[]): readonly Scenario[] {
  const endpoints = endpointsIn(options.endpoints);
  const fits = scenarios.filter((scenario) => {
    try {
      const { name, schedule } = fitForExternal(scenario, endpoints);
      sparingExternal(name, schedule, options);
      return true;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  });
  const left = scenarios.filter((scenario) => !fits.includes(scenario)).map(({ name }) => name);
  if (left.length > 0)
    process.stderr.write(`left out, because they take a cluster of the run's own: ${left.join(', ')}\n`);
  return fits;
}

const strikesDatabase = (nemesis: Nemesis) => nemesis.strikes?.startsWith('database') ?? false;

/** A database that is somebody else's is not struck: nothing of the kind is drawn, and a schedule that says so is refused. */
function sparingDatabase(name: string, schedule: Schedule): Schedule {
  return without(
    schedule,
    strikesDatabase,
    (struck) =>
      `${name} strikes the database (${struck}), which should be the run's own: leave --database-url out`,
  );
}

function sparingRuntime(name: string, schedule: Schedule, options: RunOptions): Schedule {
  if (options.runtime === 'docker') return sparingContainers(name, schedule);
  return options.runtime === 'external' ? sparingExternal(name, schedule, options) : schedule;
}

/** What is somebody else's is left alone: nothing of the kind is drawn, and a schedule that says so is refused. */
function sparingExternal(
  name: string,
  schedule: Schedule,
  options: Pick<RunOptions, 'peerProxies'>,
): Schedule {
  return without(
    schedule,
    (nemesis) => externalRefusal(nemesis, options) !== undefined,
    (struck, nemesis) =>
      `${name} has the fault ${struck}, which --runtime external cannot inject: ${externalRefusal(nemesis, options)}; take local or docker`,
  );
}

/** In containers members are not taken out of the cluster and put back, and their disks are not filled. */
function sparingContainers(name: string, schedule: Schedule): Schedule {
  return without(
    schedule,
    ({ needs }) => needs !== undefined,
    (struck) => `${name} has the fault ${struck}, which --runtime docker cannot inject: take local`,
  );
}

function without(
  schedule: Schedule,
  spared: (nemesis: Nemesis) => boolean,
  refusal: (name: string, nemesis: Nemesis) => string,
): Schedule {
  if ('draw' in schedule) {
    const choices = schedule.draw.choices.filter(({ nemesis }) => !spared(nemesis));
    return { draw: { ...schedule.draw, choices } };
  }
  const struck = nemesesOf(schedule).find(spared);
  if (struck === undefined) return schedule;
  throw new UsageError(refusal(struck.name, struck));
}

/** Those of the scenario and of the command line, which has the last word on a metric. @throws UsageError */
function thresholdsOf(
  scenario: Scenario,
  asked: readonly string[] | undefined,
): Pick<Scenario, 'thresholds'> {
  if (scenario.thresholds === undefined && asked === undefined) return {};
  try {
    const own = Object.entries(scenario.thresholds ?? {}).map(([metric, text]) => threshold(metric, text));
    const all = [...own, ...(asked ?? []).map(parseThreshold)];
    return {
      thresholds: Object.fromEntries(all.map((one) => [one.metric, `${one.operator}${one.bound}`])),
    };
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

function optional(option: string, text: string | undefined, from: number, to: number): number | undefined {
  return text === undefined ? undefined : wholeNumber(option, text, from, to);
}

function repeatCommand(
  scenarios: readonly { readonly name: string }[],
  options: RunOptions,
  seed: number,
): string {
  const words = ['npx faultline run', ...(options.all ? ['--all'] : scenarios.map((s) => s.name))];
  if (options.shard) words.push('--shard', options.shard);
  if (options.schedule) words.push('--schedule', shellWord(options.schedule));
  if (options.strategy) words.push('--strategy', options.strategy.join(','));
  if (options.profile && options.profile !== 'quick') words.push('--profile', options.profile);
  if (options.duration) words.push('--duration', options.duration);
  for (const bound of options.threshold ?? []) words.push('--threshold', `'${bound}'`);
  if (options.members) words.push('--members', options.members);
  if (options.rate) words.push('--rate', options.rate);
  words.push(...runtimeWords(options));
  if (options.etcdVersion) words.push('--etcd-version', options.etcdVersion);
  if (options.heartbeatMs) words.push('--heartbeat-ms', options.heartbeatMs);
  if (options.electionMs) words.push('--election-ms', options.electionMs);
  if (options.preVote !== undefined) words.push(options.preVote ? '--pre-vote' : '--no-pre-vote');
  if (options.snapshotCount) words.push('--snapshot-count', options.snapshotCount);
  if (options.quotaBackendBytes) words.push('--quota-backend-bytes', options.quotaBackendBytes);
  if (options.toxiproxy) words.push('--toxiproxy', shellWord(options.toxiproxy));
  // Never the database's URL: it may carry a password.
  if (options.databaseUrl) words.push('--database-url …');
  return [...words, '--seed', String(seed)].join(' ');
}

/** 2026-11-22T10-15-00: sorts by time, and is a legal name everywhere. */
function timeName(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(':', '-');
}

export function relativeToHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
