import { appendFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askedPromises } from './asked-promises.ts';
import { defaultBudget, type Violation } from './checker/checker.ts';
import { type Clock, clockFrom } from './clock.ts';
import type { Images } from './cluster/docker/images.ts';
import type { ExternalPlace } from './cluster/external/external-cluster.ts';
import { type LeaderAt, watchLeader } from './cluster/leader-watch.ts';
import { countDatabase, type DatabaseCount, type DatabaseSeries } from './database/counters.ts';
import { encodeFault, encodeObservation } from './history/format.ts';
import { type Observation, since } from './history/observation.ts';
import { type FaultWindow, grades, type Operation } from './history/operation.ts';
import { readHistory } from './history/read-history.ts';
import { type WatchHistory, watchesSince } from './history/watch.ts';
import { environmentPromises, judge } from './judge.ts';
import { Laps } from './laps.ts';
import { bootDriver, type DriverSummary, startDriver } from './load/driver.ts';
import { keyName } from './load/operations.ts';
import type { Workload } from './load/workload.ts';
import { leaseSpans } from './measure/lease-spans.ts';
import { measure } from './measure/summary.ts';
import { judgeThresholds, threshold } from './measure/threshold.ts';
import { watchLag } from './measure/watch-lag.ts';
import type { OriginalToxiproxy } from './network/toxiproxy/original.ts';
import { memberLog } from './observer/member-log.ts';
import { Observer } from './observer/observer.ts';
import { createSupervisor, type Supervisor } from './process/supervisor.ts';
import type { Progress } from './progress.ts';
import { seeded } from './random.ts';
import { type Readings, takeReadings } from './readings.ts';
import type { Cell, PromiseVerdict } from './result.ts';
import { type Profile, type Scenario, timeScaleOf } from './scenario.ts';
import { carryOut, planned, type SkippedStep } from './schedule.ts';
import { scheduleText, stepData } from './schedule-file.ts';
import type { Promised, StrategyDescription } from './service/strategy.ts';
import { type Stack, startStack } from './stack.ts';
import { type CpuWait, starvation, watchCpuWait } from './starvation.ts';
import { countsInVoidRun, inStarvedRun, inVoidRun, voidReason } from './void-run.ts';
import { CellWatches } from './watch/cell-watches.ts';

export interface CellOptions {
  readonly scenario: Scenario;
  readonly strategy: StrategyDescription;
  /** Which one this is of several that are to be compared; from 1. */
  readonly round?: number;
  readonly profile: Profile;
  readonly seed: number;
  readonly etcd: { readonly path: string; readonly version: string };
  readonly toxiproxy?: OriginalToxiproxy;
  /** On Docker. */
  readonly images?: Images;
  /** On a cluster that is there already. */
  readonly external?: ExternalPlace;
  readonly databaseUrl?: string;
  /** Where history and logs go, and the same as a report beside it names it. */
  readonly folder: string;
  readonly relativeFolder: string;
  readonly signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/** What a cell leaves behind when everything it started is gone; checking needs nothing else. */
interface Recording {
  readonly load: DriverSummary;
  readonly faults: readonly FaultWindow[];
  readonly leaders: readonly LeaderAt[];
  readonly database: DatabaseSeries;
  /** What was seen beside the service, the members' logs not yet among it. */
  readonly observations: readonly Observation[];
  /** How long the instances waited for a core. */
  readonly cpuWaits: readonly CpuWait[];
  /** What was read off the processes and the queues. */
  readonly readings: Readings;
  /** The true log, and what watches were told of it; to be read once the instances have ended. */
  readonly watches: CellWatches;
  readonly skipped: readonly SkippedStep[];
  /** What went wrong in the harness or its environment while it was recorded. */
  readonly failures: readonly unknown[];
}

/**
 * Runs one scenario with one strategy: start, preflight, warm up, load with faults, heal, final reads, stop, check.
 * Never throws: what the harness or its environment broke is a cell with the verdict `error`, and what was recorded
 * until then is still judged.
 */
export async function runCell(options: CellOptions): Promise<Cell> {
  const laps = new Laps();
  laps.begin('before');
  const cell = await fromStartToVerdict({
    ...options,
    onProgress(progress) {
      if (progress.type === 'step') laps.begin(progress.step.split(':')[0]!);
      options.onProgress(progress);
    },
  });
  const measuredMs = cell.phases.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return { ...cell, spent: { measuredMs: Math.round(measuredMs), steps: laps.soFar() } };
}

async function fromStartToVerdict(options: CellOptions): Promise<Cell> {
  const { signal } = options;
  const historyPath = join(options.folder, 'history.jsonl');
  const logs = join(options.folder, 'logs');
  await mkdir(logs, { recursive: true });
  const steps = planned(options.scenario, options.profile, options.seed);
  await writeFile(join(options.folder, 'schedule.json'), scheduleText(steps, options.seed));
  const memberLogs = await logsOfMembers(options, logs);
  // The driver goes on with a file that is there; what an earlier run into this folder left is no part of this one.
  await rm(historyPath, { force: true });
  let recording: Recording;
  try {
    await using supervisor = await createSupervisor();
    recording = await record(options, supervisor, historyPath, logs);
  } catch (error) {
    // Whoever pressed Ctrl-C broke nothing.
    return signal.aborted
      ? spoiled(options, 'unknown', 'interrupted before the load began')
      : spoiled(options, 'error', messageOf(error));
  }
  // The stack is gone by now: the checkers have both cores.
  try {
    options.onProgress({ type: 'step', cell: nameOf(options), step: 'checking every answer' });
    const observations = [
      ...recording.observations,
      ...(await Promise.all(memberLogs.map(({ member, path, size }) => memberLog(member, path, size)))),
    ];
    // One file tells all, so that a stored run can be judged again without a cluster.
    await appendFile(
      historyPath,
      recording.faults.map(encodeFault).join('') +
        observations.map(encodeObservation).join('') +
        (await recording.watches.lines()),
    );
    await recording.watches.removeParts();
    const { operations, watches } = await readHistory(historyPath);
    return examine(
      options,
      { ...recording, observations },
      operations,
      watches && watchesSince(recording.load.fromNs, watches),
    );
  } catch (error) {
    return spoiled(options, 'error', `the history could not be checked: ${messageOf(error)}`);
  }
}

/** Where each member's log is to be read from: what an earlier run has left in the folder is not this run's. */
async function logsOfMembers({ scenario }: CellOptions, logs: string) {
  const names = Array.from({ length: scenario.members }, (_, i) => `m${i + 1}`);
  return await Promise.all(
    names.map(async (member) => {
      const path = join(logs, `${member}.log`);
      const size = await stat(path).then(
        (found) => found.size,
        () => 0,
      );
      return { member, path, size };
    }),
  );
}

async function record(
  options: CellOptions,
  supervisor: Supervisor,
  historyPath: string,
  logs: string,
): Promise<Recording> {
  const { scenario, strategy, profile, seed, signal } = options;
  const clock = clockFrom();
  const step = (text: string) => options.onProgress({ type: 'step', cell: nameOf(options), step: text });

  const watches = new CellWatches({
    folder: options.folder,
    clock,
    etcdVersion: options.etcd.version,
    recorded: scenario.watching !== undefined,
    // The log of all changes is for what watches are held against; others' changes would be in it.
    valuesUnder: options.external ? undefined : strategy.valueKeys,
    ...(scenario.watchers === 'every-kind' && { everyKindOf: watchedKeys(scenario.workload) }),
  });
  using _observed = { [Symbol.dispose]: () => watches.close() };
  const logPath = join(logs, 'driver.log');
  let booted: ReturnType<typeof bootDriver> | undefined;
  await using stack = await startStack({
    supervisor,
    strategy,
    members: scenario.members,
    instances: scenario.instances,
    etcd: options.etcd,
    toxiproxy: options.toxiproxy,
    images: options.images,
    external: options.external,
    databaseUrl: options.databaseUrl,
    timeScale: timeScaleOf(scenario, profile),
    seed,
    logs,
    tuning: scenario.tuning,
    signal,
    instanceEnvironment: (instance) => watches.environment(instance),
    whileChecked: () => {
      booted = bootDriver({ supervisor, logPath });
    },
    step,
  });
  await setApart(stack, scenario);
  const driver = await startDriver({
    supervisor,
    targets: stack.instances.map((instance) => ({ instance: instance.name, url: instance.url })),
    workload: scenario.workload,
    seed,
    originNs: clock.originNs,
    historyPath,
    logPath,
    booted,
  });
  step('warming up');
  await driver.run({ ratePerSecond: scenario.ratePerSecond, durationMs: profile.warmUpMs });
  signal.throwIfAborted();
  if (stack.network.countsLive) await linksInUse(stack);
  await watches.begin(stack.cluster);

  // Before the first operation, and to be ended after the last: what is asked outside of its samples is in no figure.
  // Often, since what a phase asked is told by the counts next to its ends: half of this is how far they may lie off.
  await using counted = await countDatabase({ database: stack.database, clock, everyMs: 200 });
  signal.throwIfAborted();
  // Awaited here: the stack is disposed of when this function is left.
  const recording = await offerLoad(options, { clock, supervisor, stack, driver, counted, watches, step });
  if (stack.network.countsLive || signal.aborted) return recording;
  // What its links carried is told only once the instances have ended.
  await Promise.all(stack.instances.map((instance) => instance.stop()));
  const unused = await linksInUse(stack, { timeoutMs: 2_000 }).then(
    () => [],
    (error) => [error],
  );
  return { ...recording, failures: [...recording.failures, ...unused] };
}

/** Before the warm-up, so that nothing of it is a fault's beginning. The proxies end with the cell, and this with them. */
async function setApart(
  { network, instances }: Stack,
  { databaseDistanceMs }: Pick<Scenario, 'databaseDistanceMs'>,
): Promise<void> {
  if (databaseDistanceMs === undefined) return;
  const links = network.links.filter(
    ({ from, to }) => instances.some(({ name }) => name === from) && ['primary', 'replica'].includes(to),
  );
  await network.slow(links, { latencyMs: databaseDistanceMs, jitterMs: 0 });
}

/**
 * The members' links are proved by the preflight. An instance's links are in the way if it uses them: one that answered
 * a warm-up without a byte over any of them has another way, and no fault of the run would reach it.
 */
async function linksInUse({ network, instances }: Stack, { timeoutMs = 0 } = {}): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const traffic = await network.traffic();
    const linksOf = (name: string) => network.links.filter((link) => link.from === name);
    const idle = instances.find(({ name }) =>
      linksOf(name).every((link) => (traffic.get(link.proxy)?.upstreamBytes ?? 0) === 0),
    );
    if (idle === undefined) return;
    if (performance.now() >= deadline) {
      const names = linksOf(idle.name).map((link) => link.proxy);
      throw new Error(
        `${idle.name} should reach etcd and the database over its links, but nothing passed ${names.join(', ')}`,
      );
    }
    await sleep(50);
  }
}

async function offerLoad(
  options: CellOptions,
  started: {
    clock: Clock;
    supervisor: Supervisor;
    stack: Stack;
    driver: Awaited<ReturnType<typeof startDriver>>;
    counted: DatabaseCount;
    watches: CellWatches;
    step(text: string): void;
  },
): Promise<Recording> {
  const { scenario, profile, signal } = options;
  const { clock, supervisor, stack, driver, counted, watches, step } = started;
  const cell = nameOf(options);
  const startNs = clock.nowNs();
  const watching = new AbortController();
  // When the driver fails the schedule must not go on waiting for its next step.
  const driverFailed = new AbortController();

  const stopDriver = () => driver.stop();
  signal.addEventListener('abort', stopDriver);
  driver.onStats((stats) =>
    options.onProgress({
      type: 'load',
      cell,
      stats,
      loadMs: profile.loadMs,
      elapsedMs: (clock.nowNs() - startNs) / 1e6,
    }),
  );
  const observer = new Observer({
    cluster: stack.cluster,
    instances: stack.instances,
    leaseKeys: options.strategy.leaseKeys,
    stores: options.strategy.stores && { ...options.strategy.stores, database: stack.database },
    clock,
  });
  const leaders = watchLeader({
    cluster: stack.cluster,
    clock,
    everyMs: 200,
    signal: watching.signal,
    onChange: ({ leader, term }) => options.onProgress({ type: 'leader', cell, leader, term }),
    onStatuses: (statuses, askedNs, answeredNs) => observer.sawMembers(statuses, askedNs, answeredNs),
  });
  const waiting = watchCpuWait({
    instances: stack.instances,
    clock,
    everyMs: 200,
    signal: watching.signal,
  });
  const reading = takeReadings({
    processes: () => [{ name: 'faultline', pid: process.pid }, ...supervisor.processes()],
    instances: stack.instances,
    clock,
    everyMs: 500,
    signal: watching.signal,
  });
  step('load');
  const carried = carryOut({
    steps: planned(scenario, profile, options.seed),
    world: {
      cluster: stack.cluster,
      network: stack.network,
      instances: stack.instances,
      database: stack.database,
      random: seeded(options.seed).fork('nemesis'),
      signal: AbortSignal.any([signal, driverFailed.signal]),
    },
    clock,
    startNs,
    onChange: (active) => options.onProgress({ type: 'faults', cell, active }),
  }).then((carried) => {
    // What would follow a fault that was not injected, or not healed, answers another question.
    if (carried.failures.length > 0) driver.stop();
    return carried;
  });

  try {
    const load = await driver.run({ ratePerSecond: scenario.ratePerSecond, durationMs: profile.loadMs });
    const database = await counted.end();
    const { windows, failures, skipped } = await carried;
    if (failures.length === 0) {
      step('everything is healed: final reads on every instance');
      if (!signal.aborted) await driver.finalReads({ grades });
      await watches.end(stack.cluster, { settleMs: watchesSettleMs, signal });
    }
    watching.abort();
    await observer.end({ compare: failures.length === 0 && !signal.aborted });
    const { observations } = observer;
    step('stopping everything');
    return {
      load,
      faults: windows,
      skipped,
      failures,
      leaders: await leaders,
      database,
      observations,
      cpuWaits: await waiting,
      readings: await reading,
      watches,
    };
  } finally {
    signal.removeEventListener('abort', stopDriver);
    watching.abort();
    driverFailed.abort();
    // Nothing of this cell may still be asking when its processes are stopped; healing above all must have ended.
    await Promise.allSettled([carried, leaders, waiting, reading, observer.end({ compare: false })]);
  }
}

/** As many as one stream should carry. */
function watchedKeys({ keys }: Workload): string[] {
  return Array.from({ length: Math.min(keys, 24) }, (_, i) => keyName(i));
}

/** How long watches are given to be told the last of the load. */
const watchesSettleMs = 10_000;

/** Judges and measures what was recorded, on the load's own clock: 0 is when it began, in words and in charts. */
function examine(
  options: CellOptions,
  recording: Recording,
  recorded: readonly Operation[],
  watches: WatchHistory | undefined,
): Cell {
  const { scenario, signal } = options;
  const { load } = recording;
  const sinceLoad = (ns: number) => ns - load.fromNs;
  const operations = recorded.map((operation) => ({
    ...operation,
    ...(operation.dueNs !== undefined && { dueNs: sinceLoad(operation.dueNs) }),
    ...(operation.endedNs !== undefined && { endedNs: sinceLoad(operation.endedNs) }),
    invokeNs: sinceLoad(operation.invokeNs),
    returnNs: sinceLoad(operation.returnNs),
  }));
  const faults = recording.faults.map((fault) => ({
    ...fault,
    fromNs: sinceLoad(fault.fromNs),
    toNs: sinceLoad(fault.toNs),
  }));
  const figures = measure({
    bucketMs: bucketMs(options.profile),
    operations,
    faults,
    loadFromNs: 0,
    loadToNs: sinceLoad(load.toNs),
    database: {
      ...recording.database,
      samples: recording.database.samples.map((sample) => ({ ...sample, atNs: sinceLoad(sample.atNs) })),
    },
    readings: {
      processes: recording.readings.processes.map((one) => ({ ...one, atNs: sinceLoad(one.atNs) })),
      queues: recording.readings.queues.map((one) => ({ ...one, atNs: sinceLoad(one.atNs) })),
    },
  });
  const judged = judge(
    {
      operations,
      faults,
      ...(watches && { watches }),
      observations: recording.observations.map((observation) => since(load.fromNs, observation)),
    },
    demanded(options),
    defaultBudget,
  );
  const nothingProved =
    (signal.aborted && 'the run was interrupted') ||
    voidReason({ scenario, load, operations, faults, rows: figures.operations });
  const lastHealNs = faults.reduce((latest, { toNs }) => Math.max(latest, toNs), 0);
  const cpuWaits = recording.cpuWaits.map((one) => ({ ...one, atNs: sinceLoad(one.atNs) }));
  const promises = judged.verdicts.map((verdict) => {
    if (nothingProved) return inVoidRun(verdict, nothingProved);
    // Only availability is promised under faults; the others, once all is healed.
    const fromNs = verdict.promise.guarantee === 'availability' ? 0 : lastHealNs;
    return inStarvedRun(verdict, starvation(cpuWaits, fromNs, Number.POSITIVE_INFINITY));
  });
  const failed = recording.failures.length > 0 ? recording.failures.map(messageOf).join('; ') : undefined;
  const verdict = verdictOf(promises, failed !== undefined);
  const unjudged = nothingProved || promises.find((p) => p.state === 'unknown')?.reason;
  const reason = verdict === 'error' ? failed : verdict === 'unknown' ? unjudged : undefined;
  const cell: Cell = {
    ...blank(options),
    ...figures,
    verdict,
    ...(reason !== undefined && { reason }),
    loadStartNs: 0,
    historyStartNs: load.fromNs,
    faults: faults.map(({ fromNs, toNs, ...fault }) => ({
      ...fault,
      fromMs: fromNs / 1e6,
      toMs: toNs / 1e6,
    })),
    ...(recording.skipped.length > 0 && { skipped: recording.skipped }),
    leaders: recording.leaders.map(({ atNs, leader, term }) => ({
      atMs: sinceLoad(atNs) / 1e6,
      leader,
      term,
    })),
    load: {
      offered: load.offered,
      sent: load.sent,
      dropped: load.dropped,
      outcomes: { ok: load.ok, fail: load.fail, info: load.info },
      sendLagMs: load.sendLagMs,
    },
    ...(watches &&
      scenario.watching && {
        watches: watchLag({
          watches: {
            ...watches,
            watchers: watches.watchers.filter(({ atMember }) => atMember === undefined),
          },
          faults,
          plan: scenario.watching,
          fromNs: 0,
          toNs: sinceLoad(load.toNs),
        }),
      }),
    ...(options.strategy.leaseKeys !== undefined && {
      leases: leaseSpans(recording.observations, { loadFromNs: load.fromNs, loadToNs: load.toNs }),
    }),
    promises,
    violations: firstOfEachChecker(
      // A liveness that is not told as broken has no violations to show.
      judged.violations.filter(
        (violation) =>
          countsInVoidRun(violation) ||
          promises.some(
            ({ promise, state }) => promise.guarantee === violation.checker && state === 'broken',
          ),
      ),
    ),
  };
  return { ...cell, ...held(options, cell, nothingProved || undefined) };
}

/** Fine enough to see an election; over hours no finer than a chart can show. */
function bucketMs({ loadMs }: Profile): number {
  return 250 * Math.max(1, Math.ceil(loadMs / 600_000));
}

/** What a void run did not cross it has not held either. */
function held({ scenario }: CellOptions, cell: Cell, voidBecause?: string): Pick<Cell, 'thresholds'> {
  if (scenario.thresholds === undefined) return {};
  const all = Object.entries(scenario.thresholds).map(([metric, condition]) => threshold(metric, condition));
  return {
    thresholds: judgeThresholds(all, cell).map((one) =>
      one.state === 'kept' && voidBecause !== undefined
        ? { ...one, state: 'unknown', reason: voidBecause }
        : one,
    ),
  };
}

/** What the strategy promises, and what is demanded of the members whatever the strategy. */
function demanded({ strategy, scenario, profile, external }: CellOptions): readonly Promised[] {
  // Nobody can disagree with a single member.
  const environment = environmentPromises.filter(
    ({ guarantee }) =>
      (scenario.members > 1 || guarantee !== 'members-agree') && !(external && needsMembers.has(guarantee)),
  );
  const promises = askedPromises(strategy.promises(timeScaleOf(scenario, profile)), scenario.workload);
  const watched: Promised[] = scenario.watchers === undefined ? [] : [{ guarantee: 'member-watches' }];
  return [...promises, ...environment, ...watched];
}

/** What takes the members' logs, or a hash of all keys: not to be had, or not to be asked, where members are somebody else's. */
const needsMembers: ReadonlySet<Promised['guarantee']> = new Set([
  'members-agree',
  'no-split-brain',
  'process-health',
]);

/** A service that is wrong throughout would fill the report with the same; each promise still tells how many there are. */
const violationsKept = 50;

function firstOfEachChecker(violations: readonly Violation[]): Violation[] {
  const kept = new Map<string, number>();
  return violations.filter(({ checker }) => {
    const count = (kept.get(checker) ?? 0) + 1;
    kept.set(checker, count);
    return count <= violationsKept;
  });
}

/** A violation that was seen stands, whatever else went wrong. */
function verdictOf(promises: readonly PromiseVerdict[], failed: boolean): Cell['verdict'] {
  if (promises.some((p) => p.state === 'broken')) return 'broken';
  if (failed) return 'error';
  if (promises.length === 0 || promises.some((p) => p.state === 'unknown')) return 'unknown';
  return 'kept';
}

/** A cell of which nothing could be recorded. Its promises are told as unknown, not left out. */
function spoiled(options: CellOptions, verdict: 'unknown' | 'error', reason: string): Cell {
  const judged = judge({ operations: [], faults: [] }, demanded(options), defaultBudget);
  const cell = blank(options);
  return {
    ...cell,
    ...held(options, cell),
    verdict,
    reason,
    promises: judged.verdicts.map((verdict) => ({ ...verdict, state: 'unknown' as const, reason })),
  };
}

function blank(options: CellOptions): Cell {
  const { scenario, strategy, seed, round, etcd } = options;
  return {
    scenario: scenario.name,
    strategy: strategy.name,
    ...(round !== undefined && { round }),
    seed,
    verdict: 'unknown',
    members: scenario.members,
    instances: scenario.instances,
    ratePerSecond: scenario.ratePerSecond,
    etcdVersion: etcd.version,
    ...(scenario.tuning && { tuning: scenario.tuning }),
    loadMs: options.profile.loadMs,
    phases: [],
    schedule: planned(scenario, options.profile, seed).map(stepData),
    faults: [],
    leaders: [],
    load: {
      offered: 0,
      sent: 0,
      dropped: 0,
      outcomes: { ok: 0, fail: 0, info: 0 },
      sendLagMs: { p50: 0, p99: 0, max: 0 },
    },
    operations: [],
    cache: [],
    database: [],
    timeline: {
      bucketMs: 250,
      fromMs: 0,
      ok: [],
      fail: [],
      info: [],
      p50Ms: [],
      p99Ms: [],
      hitRate: [],
      databaseQps: [],
    },
    promises: [],
    violations: [],
    availability: { worstOkShareDuring: null, downMs: null, recoveryMs: null },
    files: {
      history: `${options.relativeFolder}/history.jsonl`,
      logs: `${options.relativeFolder}/logs`,
      schedule: `${options.relativeFolder}/schedule.json`,
    },
  };
}

function nameOf(options: CellOptions): { scenario: string; strategy: string } {
  return { scenario: options.scenario.name, strategy: options.strategy.name };
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
