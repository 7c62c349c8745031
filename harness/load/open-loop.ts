import { createHistogram } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { encodeCompletion, encodeInvoke } from '../history/format.ts';
import type { Grade } from '../history/operation.ts';
import { outcomeOfSilence } from '../history/outcome.ts';
import { seeded } from '../random.ts';
import { parseAnswer } from '../service/http-contract.ts';
import { arrivals } from './arrivals.ts';
import {
  type Attempt,
  attemptOf,
  type End,
  endOf,
  learn,
  lost,
  readAttempt,
  requestOf,
  txnAttempt,
} from './attempt.ts';
import type { DriverStats, DriverSummary } from './driver-summary.ts';
import { type LogicalProcess, ProcessPool, processFactory } from './logical-process.ts';
import { operations, type PlannedOperation } from './operations.ts';
import type { Recorder } from './recorder.ts';
import { readKeys } from './transactions.ts';
import type { Workload } from './workload.ts';

export interface OpenLoopOptions {
  readonly targets: readonly { readonly instance: string; readonly url: string }[];
  readonly workload: Workload;
  readonly seed: number;
  readonly clock: Clock;
  readonly recorder: Recorder;
}

/**
 * An OpenLoop offers operations when they are due, whatever became of the ones before: a service that stalls is
 * asked on, as by users who know nothing of each other, and each wait is counted from when it was due.
 *
 *   arrivals --due--> pump --> free process of the next instance --> undici --> answer --> outcome --> recorder
 *                       \-- maxInFlight reached, or overdue by a deadline: dropped and counted
 */
export class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #stream: Generator<PlannedOperation, never, undefined>;
  readonly #lanes: readonly Lane[];
  /** Every key that a write was sent for. */
  readonly #written = new Set<string>();
  /** The same for the lists and the accounts of transactions. */
  readonly #lists = new Set<string>();
  readonly #accounts = new Set<string>();
  readonly #flights = new FlightList();
  #deadlineTimer: NodeJS.Timeout | undefined;
  #runs = 0;
  #offeredEver = 0;
  #current: Run | undefined;
  #abandoned = false;

  constructor(options: OpenLoopOptions) {
    const { workload, targets, seed } = options;
    this.#options = options;
    this.#stream = operations(workload, seed);
    const createProcess = processFactory((workload.mix.cas ?? 0) > 0);
    this.#lanes = targets.map(({ instance, url }) => ({
      instance,
      processes: new ProcessPool(createProcess),
      inTransport: 0,
      pool: new Pool(url, {
        // As many connections as requests in flight: none waits in line behind another. maxInFlight bounds both.
        pipelining: 1,
        // Deadlines are our own: undici's have a resolution of 500 ms (FACTS 4).
        headersTimeout: 0,
        bodyTimeout: 0,
        connectTimeout: Math.max(1_000, workload.deadlineMs),
        maxResponseSize: 1_048_576,
      }),
    }));
  }

  /** Offers load for durationMs, or until `stop`; resolves when the last operation has ended and is on disk. */
  async run(
    { ratePerSecond, durationMs }: { ratePerSecond: number; durationMs: number },
    onStats: (stats: DriverStats) => void,
  ): Promise<DriverSummary> {
    if (this.#current) throw new Error('the driver already offers load: await that run first');
    if (!(durationMs > 0 && Number.isFinite(durationMs))) {
      throw new RangeError(`durationMs should be a number above 0, got ${durationMs}`);
    }
    this.#runs += 1;
    const random = seeded(this.#options.seed).fork(`arrivals/${this.#runs}`);
    const due = arrivals(this.#options.workload.arrivals, ratePerSecond, random);
    const fromNs = this.#options.clock.nowNs();
    const run: Run = {
      fromNs,
      untilNs: fromNs + durationMs * 1e6,
      due,
      nextDueNs: fromNs + due.nextNs(),
      offered: 0,
      sent: 0,
      dropped: 0,
      ok: 0,
      fail: 0,
      info: 0,
      // From 1 microsecond to about 17 minutes, three digits.
      lagNs: createHistogram({ lowest: 1_000, highest: 1e12, figures: 3 }),
      latelyOkNs: createHistogram({ lowest: 1_000, highest: 1e12, figures: 2 }),
      offering: false,
      ended: () => {},
    };
    const ended = new Promise<void>((resolve) => {
      run.ended = resolve;
    });
    this.#current = run;
    const stopStats = this.#tellStats(run, onStats);
    try {
      this.#pump(run);
      await ended;
    } finally {
      stopStats();
      this.#current = undefined;
    }
    await this.#options.recorder.flush();
    return summarize(run);
  }

  /** Ends a run now; what is in flight still ends by itself. */
  stop(): void {
    const run = this.#current;
    if (!run) return;
    run.untilNs = Math.min(run.untilNs, this.#options.clock.nowNs());
    clearTimeout(run.timer);
    this.#pump(run);
  }

  /**
   * Reads every key that was written, of each grade, on every instance. One that failed is asked again after a
   * pause, as an operation of its own, up to finalAttempts times. Keys of which the answers differ are read again
   * everywhere, until they agree or settleMs have passed: a write that was given up may still wait in the socket of a
   * service that was held up, and arrive between two reads. None is sent after limitMs. Keys of transactions are read
   * by transactions, many at a time.
   */
  async finalReads({
    grades,
    limitMs = finalLimitMs,
    settleMs = finalSettleMs,
  }: {
    grades: readonly Grade[];
    limitMs?: number;
    settleMs?: number;
  }): Promise<void> {
    const { clock, recorder } = this.#options;
    const untilNs = clock.nowNs() + limitMs * 1e6;
    let differing = await this.#readEverywhere(
      [
        ...[...this.#written].flatMap((key) => grades.map((grade) => readAttempt(key, grade))),
        ...[this.#lists, this.#accounts].flatMap((keys) =>
          inBatches([...keys]).map((batch) => txnAttempt(readKeys(batch))),
        ),
      ],
      untilNs,
    );
    const settledNs = Math.min(untilNs, clock.nowNs() + settleMs * 1e6);
    while (differing.length > 0 && !this.#isOver(settledNs)) {
      await new Promise((resolve) => setTimeout(resolve, finalPauseMs));
      differing = await this.#readEverywhere(differing, untilNs);
    }
    await recorder.flush();
  }

  /** Records what is in flight as lost, at once, and sends nothing more: for when the driver itself must go. */
  abandon(): void {
    this.#abandoned = true;
    this.stop();
    for (let flight = this.#flights.oldest; flight; flight = this.#flights.oldest) {
      flight.giveUp('driver-stopped');
    }
  }

  async close(): Promise<void> {
    this.abandon();
    clearTimeout(this.#deadlineTimer);
    await Promise.all(this.#lanes.map((lane) => lane.pool.destroy()));
  }

  #pump(run: Run): void {
    if (this.#current !== run) return;
    const now = this.#options.clock.nowNs();
    // After a stall of our own, answers must be read between the sendings too.
    if (!this.#offerDue(run, now, maxBurst)) {
      setImmediate(() => this.#pump(run));
      return;
    }
    if (run.nextDueNs < run.untilNs) {
      // Rounded down: waking early costs a turn, waking late is lag.
      const waitMs = (run.nextDueNs - this.#options.clock.nowNs()) / 1e6;
      run.timer = setTimeout(() => this.#pump(run), Math.max(1, Math.floor(waitMs)));
    } else {
      // Of the last operations, none is due before the end of the run.
      const waitMs = Math.max(0, (run.untilNs - now) / 1e6);
      run.timer = setTimeout(() => {
        run.drained = true;
        if (inFlight(run) === 0) run.ended();
      }, Math.ceil(waitMs));
    }
  }

  /** Offers what is due, `most` operations at the most; returns whether that was all. */
  #offerDue(run: Run, now: number, most: number): boolean {
    // An operation that ends while it is being sent (a pool that is gone) must not send the next one from within.
    if (run.offering) return true;
    run.offering = true;
    try {
      for (let count = 0; run.nextDueNs <= now && run.nextDueNs < run.untilNs; count++) {
        if (count === most) return false;
        this.#offer(run, run.nextDueNs);
        run.nextDueNs = run.fromNs + run.due.nextNs();
      }
      return true;
    } finally {
      run.offering = false;
    }
  }

  #offer(run: Run, dueNs: number): void {
    // Drawn even when it is dropped: the answers so far must not shift what is asked later.
    const planned = this.#stream.next().value;
    const lane = this.#lanes[this.#offeredEver++ % this.#lanes.length]!;
    run.offered += 1;
    const lagNs = this.#options.clock.nowNs() - dueNs;
    if (lagNs > this.#options.workload.deadlineMs * 1e6) {
      // The driver itself was held up for so long that who asked has given up. Sent now it would only hold up more.
      run.dropped += 1;
      run.lagNs.record(Math.round(lagNs));
      return;
    }
    if (lane.inTransport >= this.#options.workload.maxInFlight || this.#options.recorder.full) {
      run.dropped += 1;
      return;
    }
    run.sent += 1;
    const { process, place } = lane.processes.take();
    const attempt = attemptOf(planned, process);
    const flight = this.#send(lane, process, place, attempt, dueNs, false, (end) => {
      run[end.outcome] += 1;
      if (end.outcome === 'ok')
        run.latelyOkNs.record(Math.max(1_000, Math.round(this.#options.clock.nowNs() - dueNs)));
      // Timers wait until a whole round of answers was read; what became due meanwhile need not.
      if (this.#current === run) this.#offerDue(run, this.#options.clock.nowNs(), 2);
      if (run.drained && inFlight(run) === 0) run.ended();
    });
    run.lagNs.record(Math.max(1_000, flight.invokeNs - dueNs));
  }

  #send(
    lane: Lane,
    process: LogicalProcess,
    place: number,
    attempt: Attempt,
    dueNs: number | undefined,
    final: boolean,
    onEnd: (end: End) => void,
  ): Flight {
    const { clock, recorder } = this.#options;
    this.#note(attempt);
    const invokeNs = clock.nowNs();
    const flight = new Flight(lane, process, place, attempt, invokeNs, onEnd, this.#land);
    recorder.write(
      encodeInvoke({
        process: process.number,
        f: attempt.f,
        key: attempt.key,
        grade: attempt.grade,
        value: attempt.value,
        invokeNs,
        dueNs,
        instance: lane.instance,
        final,
      }),
    );
    this.#flights.add(flight);
    this.#deadlineTimer ??= setTimeout(() => this.#expire(), this.#options.workload.deadlineMs);
    flight.launch();
    return flight;
  }

  /** What it may write is to be read at the end. */
  #note({ f, key, transaction }: Attempt): void {
    for (const [step, name] of transaction?.steps ?? []) {
      if (step === 'append') this.#lists.add(String(name));
      else if (step === 'w') this.#accounts.add(String(name));
    }
    if (transaction === undefined && f !== 'read') this.#written.add(key);
  }

  /** An operation has ended: it is recorded, and its process is free again or gone. */
  readonly #land = (flight: Flight, end: End, sessionToken: string | undefined): void => {
    this.#flights.remove(flight);
    const { lane, process, place, attempt, invokeNs, onEnd } = flight;
    const endedNs = this.#options.clock.nowNs();
    const isInfo = end.outcome === 'info';
    // Field by field: spreading the parts costs more than all the rest of this function.
    this.#options.recorder.write(
      encodeCompletion({
        process: process.number,
        f: attempt.f,
        key: attempt.key,
        value: end.value,
        swapped: end.swapped,
        outcome: end.outcome,
        invokeNs,
        returnNs: isInfo ? Number.POSITIVE_INFINITY : endedNs,
        endedNs: isInfo ? endedNs : undefined,
        revision: end.revision,
        fence: end.fence,
        source: end.source,
        cache: end.cache,
        staleMs: end.staleMs,
        error: end.error,
      }),
    );
    learn(process, attempt, end, sessionToken);
    if (isInfo) lane.processes.retire(place);
    else lane.processes.giveBack(place);
    onEnd(end);
  };

  /** Gives up what has reached its deadline, and sleeps until the next one. */
  #expire(): void {
    this.#deadlineTimer = undefined;
    const limitNs = this.#options.workload.deadlineMs * 1e6;
    const now = this.#options.clock.nowNs();
    for (let oldest = this.#flights.oldest; oldest; oldest = this.#flights.oldest) {
      const leftNs = oldest.invokeNs + limitNs - now;
      if (leftNs > 0) {
        this.#deadlineTimer = setTimeout(() => this.#expire(), Math.ceil(leftNs / 1e6));
        return;
      }
      oldest.giveUp('deadline');
    }
  }

  /** Resolves to the reads of what the answers differ on. */
  async #readEverywhere(attempts: readonly Attempt[], untilNs: number): Promise<readonly Attempt[]> {
    const first = new Map<string, unknown>();
    const differing = new Set<string>();
    const read = (attempt: Attempt, value: unknown) => {
      const subject = subjectOf(attempt);
      if (!first.has(subject)) first.set(subject, value);
      else if (!isDeepStrictEqual(first.get(subject), value)) differing.add(subject);
    };
    await Promise.all(
      this.#lanes.map(async (lane) => {
        let left = attempts;
        for (let round = 0; left.length > 0 && round < finalAttempts && !this.#isOver(untilNs); round++) {
          if (round > 0) await new Promise((resolve) => setTimeout(resolve, finalPauseMs));
          left = await this.#readAll(lane, left, untilNs, read);
        }
      }),
    );
    return attempts.filter((attempt) => differing.has(subjectOf(attempt)));
  }

  /** Resolves to the attempts that failed; the others are told with what they read. */
  async #readAll(
    lane: Lane,
    attempts: readonly Attempt[],
    untilNs: number,
    read: (attempt: Attempt, value: unknown) => void,
  ): Promise<Attempt[]> {
    const failed: Attempt[] = [];
    const queue = attempts.values();
    const workers = Math.min(finalConcurrency, this.#options.workload.maxInFlight);
    const work = async () => {
      for (const attempt of queue) {
        // Connections that an earlier operation still holds on to count too.
        while (lane.inTransport >= this.#options.workload.maxInFlight || this.#options.recorder.full) {
          if (this.#isOver(untilNs)) return;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        if (this.#isOver(untilNs)) return;
        const { process, place } = lane.processes.take();
        const end = await new Promise<End>((resolve) => {
          this.#send(lane, process, place, attempt, undefined, true, resolve);
        });
        if (end.outcome === 'ok') read(attempt, end.value);
        else failed.push(attempt);
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    return failed;
  }

  #isOver(untilNs: number): boolean {
    return this.#abandoned || this.#options.clock.nowNs() >= untilNs;
  }

  #tellStats(run: Run, onStats: (stats: DriverStats) => void): () => void {
    let last = { atNs: run.fromNs, offered: 0, completed: 0 };
    const timer = setInterval(() => {
      const atNs = this.#options.clock.nowNs();
      const { offered, dropped, ok, fail, info } = run;
      const completed = ok + fail + info;
      const seconds = (atNs - last.atNs) / 1e9;
      onStats({
        atNs,
        offeredPerSecond: (offered - last.offered) / seconds,
        completedPerSecond: (completed - last.completed) / seconds,
        p99Ms: run.latelyOkNs.count === 0 ? null : run.latelyOkNs.percentile(99) / 1e6,
        inFlight: inFlight(run),
        ok,
        fail,
        info,
        dropped,
      });
      run.latelyOkNs.reset();
      last = { atNs, offered, completed };
    }, statsEveryMs);
    return () => clearInterval(timer);
  }
}

/** What a final read reads: a key at any grade, or the keys of a transaction. */
function subjectOf({ key, transaction, value }: Attempt): string {
  return transaction ? JSON.stringify(value) : key;
}

function inBatches(keys: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let from = 0; from < keys.length; from += finalBatch)
    batches.push(keys.slice(from, from + finalBatch));
  return batches;
}

/** An instance takes so many steps in a transaction; all accounts are within one. */
const finalBatch = 50;
const maxBurst = 64;
const statsEveryMs = 250;
const finalAttempts = 5;
const finalPauseMs = 250;
const finalConcurrency = 32;
const finalLimitMs = 30_000;
/** Far more than a service needs to take up what lay in its sockets; a service that disagrees for good costs it. */
const finalSettleMs = 10_000;

/** One instance, its connections, and the processes pinned to it. */
interface Lane {
  readonly instance: string;
  readonly pool: Pool;
  readonly processes: ProcessPool;
  /** Requests that undici still holds. An operation may have ended before: one that was never sent, at its deadline. */
  inTransport: number;
}

interface Run {
  readonly fromNs: number;
  untilNs: number;
  readonly due: { nextNs(): number };
  nextDueNs: number;
  offered: number;
  sent: number;
  dropped: number;
  ok: number;
  fail: number;
  info: number;
  readonly lagNs: ReturnType<typeof createHistogram>;
  /** From due, of what ended ok since the last report. */
  readonly latelyOkNs: ReturnType<typeof createHistogram>;
  timer?: NodeJS.Timeout;
  /** Nothing more will be offered. */
  drained?: boolean;
  offering: boolean;
  ended: () => void;
}

function inFlight(run: Run): number {
  return run.sent - run.ok - run.fail - run.info;
}

function summarize(run: Run): DriverSummary {
  const { offered, sent, dropped, ok, fail, info, lagNs } = run;
  const ms = (ns: number) => ns / 1e6;
  return {
    offered,
    sent,
    ok,
    fail,
    info,
    dropped,
    sendLagMs:
      lagNs.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : { p50: ms(lagNs.percentile(50)), p99: ms(lagNs.percentile(99)), max: ms(lagNs.max) },
    fromNs: run.fromNs,
    toNs: run.untilNs,
  };
}

/** A Flight is one attempt on its way: undici tells it what happens, and it ends exactly once. */
class Flight implements Dispatcher.DispatchHandler {
  readonly lane: Lane;
  readonly process: LogicalProcess;
  readonly place: number;
  readonly attempt: Attempt;
  readonly invokeNs: number;
  readonly onEnd: (end: End) => void;
  ended = false;
  /** Its neighbours in the FlightList. */
  older: Flight | undefined;
  newer: Flight | undefined;
  readonly #land: (flight: Flight, end: End, sessionToken: string | undefined) => void;
  /** Set from the moment that undici writes to the socket: from then on the request may have arrived. */
  #controller: Dispatcher.DispatchController | undefined;
  #released = false;
  #status = 0;
  #headers: Headers = noHeaders;
  #body: Buffer | undefined;

  constructor(
    lane: Lane,
    process: LogicalProcess,
    place: number,
    attempt: Attempt,
    invokeNs: number,
    onEnd: (end: End) => void,
    land: (flight: Flight, end: End, sessionToken: string | undefined) => void,
  ) {
    this.lane = lane;
    this.process = process;
    this.place = place;
    this.attempt = attempt;
    this.invokeNs = invokeNs;
    this.onEnd = onEnd;
    this.#land = land;
  }

  launch(): void {
    const { method, path, body } = requestOf(this.attempt);
    const { sessionToken } = this.process;
    const headers: string[] = [];
    if (body !== undefined) headers.push('content-type', 'application/json');
    if (sessionToken !== undefined) headers.push('session-token', sessionToken);
    this.lane.inTransport += 1;
    this.lane.pool.dispatch({ method, path, body, headers }, this);
  }

  giveUp(reason: string): void {
    this.#end(lost(this.attempt, outcomeOfSilence(this.attempt.f, this.#controller !== undefined), reason));
    // The connection is closed with it: a late answer must not meet the next request.
    this.#controller?.abort(new Error(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It was given up while it waited for a connection, and recorded as never sent: so it must not be.
    if (this.ended) controller.abort(new Error('given up before it was sent'));
    else this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body = this.#body ? Buffer.concat([this.#body, chunk]) : chunk;
  }

  onResponseEnd(): void {
    this.#release();
    if (this.ended) return;
    const answer = parseAnswer(this.#status, this.#headers, this.#body?.toString() ?? '');
    this.#end(endOf(this.attempt, answer), answer.sessionToken);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    this.#release();
    if (this.ended) return;
    const sent = this.#controller !== undefined;
    this.#end(lost(this.attempt, outcomeOfSilence(this.attempt.f, sent), error.code ?? error.name));
  }

  #end(end: End, sessionToken?: string): void {
    this.ended = true;
    this.#land(this, end, sessionToken);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.lane.inTransport -= 1;
  }
}

type Headers = Record<string, string | string[] | undefined>;
const noHeaders: Headers = {};

/**
 * The flights that have not ended, in the order of their sending, hence of their deadlines, since all have the same
 * limit. Linked, so that an ended one is let go at once: a queue would keep all behind its oldest alive.
 */
class FlightList {
  oldest: Flight | undefined;
  #newest: Flight | undefined;

  add(flight: Flight): void {
    flight.older = this.#newest;
    if (this.#newest) this.#newest.newer = flight;
    else this.oldest = flight;
    this.#newest = flight;
  }

  remove(flight: Flight): void {
    if (flight.older) flight.older.newer = flight.newer;
    else this.oldest = flight.newer;
    if (flight.newer) flight.newer.older = flight.older;
    else this.#newest = flight.older;
    flight.older = undefined;
    flight.newer = undefined;
  }
}
