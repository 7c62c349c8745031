import { createHistogram } from 'node:perf_hooks';
import autocannon from 'autocannon';
import type { Clock } from '../clock.ts';
import { encodeCompletion, encodeInvoke } from '../history/format.ts';
import type { Outcome } from '../history/operation.ts';
import { outcomeOfSilence } from '../history/outcome.ts';
import { contractHeaders, parseAnswer } from '../service/http-contract.ts';
import { type Attempt, attemptOf, type End, endOf, learn, lost, requestOf } from './attempt.ts';
import { cpuMicros } from './cpu-time.ts';
import { type LogicalProcess, processFactory } from './logical-process.ts';
import { operations, type PlannedOperation } from './operations.ts';
import type { Recorder } from './recorder.ts';
import type { SaturationMeasurement } from './saturation-measurement.ts';
import type { Workload } from './workload.ts';

export interface ClosedLoopOptions {
  readonly target: { readonly instance: string; readonly url: string; readonly pid: number };
  readonly workload: Workload;
  readonly seed: number;
  readonly clock: Clock;
  readonly recorder: Recorder;
}

/**
 * A ClosedLoop asks one instance as fast as it answers: each connection sends its next operation when the last is
 * answered. autocannon does the sending and nothing else is taken from it: ids, clocks, outcomes and latencies are our
 * own, because its latencies are whole milliseconds and it miscounts and misattributes when a socket dies (FACTS 4).
 *
 *   autocannon client --setupRequest--> Connection: next operation, recorded --> socket
 *                     --onResponse----> Connection: the answer of the operation that this connection has open
 *
 * One logical process a connection, pipelining 1, one request entry of its own per connection: an answer has only one
 * operation to belong to. A connection that is lost is never used again, since its parser may be in mid-answer.
 */
export class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  readonly #stream: Generator<PlannedOperation, never, undefined>;
  readonly #createProcess: () => LogicalProcess;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.#stream = operations(options.workload, options.seed);
    this.#createProcess = processFactory((options.workload.mix.cas ?? 0) > 0);
  }

  /** Warms up for a quarter of the time (1 s at most), recorded too, then measures for `seconds`. */
  async measure(connections: number, seconds: number): Promise<SaturationMeasurement> {
    const { target, workload, clock, recorder } = this.#options;
    const warmUpSeconds = Math.min(1, seconds / 4);
    const window = new Window(clock, target.pid);
    const open: Connection[] = [];
    const timers = [
      setTimeout(() => window.open(), warmUpSeconds * 1_000),
      setTimeout(() => window.close(), (warmUpSeconds + seconds) * 1_000),
    ];
    try {
      await autocannon({
        url: target.url,
        connections,
        pipelining: 1,
        duration: warmUpSeconds + seconds,
        // Whole seconds are what it takes; on its time-out the connection counts as lost.
        timeout: Math.max(1, Math.ceil(workload.deadlineMs / 1_000)),
        // Replaced for each connection before anything is sent.
        requests: [{ method: 'GET', path: '/healthz' }],
        setupClient: (client) => {
          open.push(
            new Connection(
              client as unknown as Client,
              this.#options,
              this.#stream,
              this.#createProcess,
              window,
            ),
          );
        },
      });
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
    await window.close();
    for (const connection of open) connection.abandon('leftover');
    await recorder.flush();
    const lostConnections = open.filter((connection) => connection.isLost).length;
    return { connections, lostConnections, ...window.result() };
  }
}

/** What autocannon's types leave out. */
interface Client extends Pick<autocannon.Client, 'setRequests'> {
  conn?: unknown;
  destroy(): void;
  on(event: 'connError', listener: (error: Error) => void): void;
}

class Connection {
  isLost = false;
  readonly #client: Client;
  readonly #options: ClosedLoopOptions;
  readonly #stream: Generator<PlannedOperation, never, undefined>;
  readonly #createProcess: () => LogicalProcess;
  readonly #window: Window;
  #process: LogicalProcess;
  #socket: unknown;
  #current: { readonly attempt: Attempt; readonly invokeNs: number } | undefined;

  constructor(
    client: Client,
    options: ClosedLoopOptions,
    stream: Generator<PlannedOperation, never, undefined>,
    createProcess: () => LogicalProcess,
    window: Window,
  ) {
    this.#client = client;
    this.#options = options;
    this.#stream = stream;
    this.#createProcess = createProcess;
    this.#process = createProcess();
    this.#window = window;
    // Without this it would connect again at once, thousands of times a second to a port that refuses.
    client.on('connError', () => this.#lose());
    client.setRequests([
      {
        setupRequest: (request) => this.#next(request),
        onResponse: (status, body, _, headers) => this.#answered(status, body, headers),
      },
    ]);
  }

  /** Ends what has no answer; harmless when nothing is open. */
  abandon(reason: string): void {
    if (!this.#current) return;
    const { attempt } = this.#current;
    // That nothing was sent is not known here, so a write may have happened.
    this.#record(lost(attempt, outcomeOfSilence(attempt.f, true), reason), undefined);
  }

  #next(request: autocannon.Request): autocannon.Request {
    // The first request is built before the first socket is made. Another socket later: the first was lost.
    this.#socket ??= this.#client.conn;
    if (this.#client.conn !== this.#socket || this.#current) this.#lose();
    if (this.isLost) return { ...request, method: 'GET', path: '/healthz' };

    const { clock, recorder, target } = this.#options;
    const attempt = attemptOf(this.#stream.next().value, this.#process);
    const invokeNs = clock.nowNs();
    this.#current = { attempt, invokeNs };
    recorder.write(
      encodeInvoke({
        process: this.#process.number,
        f: attempt.f,
        key: attempt.key,
        grade: attempt.grade,
        value: attempt.value,
        invokeNs,
        instance: target.instance,
      }),
    );
    const { method, path, body } = requestOf(attempt);
    const headers: Record<string, string> = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (this.#process.sessionToken !== undefined) {
      headers[contractHeaders.sessionToken] = this.#process.sessionToken;
    }
    return { ...request, method, path, headers, body };
  }

  #answered(status: number, body: string, headers: autocannon.Request['headers']): void {
    if (this.isLost) return;
    if (!this.#current || (this.#socket !== undefined && this.#client.conn !== this.#socket)) {
      this.#lose();
      return;
    }
    const answer = parseAnswer(status, lowerCased(headers ?? {}), body);
    this.#record(endOf(this.#current.attempt, answer), answer.sessionToken);
  }

  #record(end: End, sessionToken: string | undefined): void {
    const { attempt, invokeNs } = this.#current!;
    this.#current = undefined;
    const endedNs = this.#options.clock.nowNs();
    const isInfo = end.outcome === 'info';
    this.#options.recorder.write(
      encodeCompletion({
        process: this.#process.number,
        f: attempt.f,
        key: attempt.key,
        ...end,
        invokeNs,
        returnNs: isInfo ? Number.POSITIVE_INFINITY : endedNs,
        endedNs: isInfo ? endedNs : undefined,
      }),
    );
    learn(this.#process, attempt, end, sessionToken);
    this.#window.count(end.outcome, endedNs - invokeNs);
    // The process may still have it running, so it asks nothing more.
    if (isInfo) this.#process = this.#createProcess();
  }

  #lose(): void {
    if (this.isLost) return;
    this.isLost = true;
    this.abandon('connection-lost');
    // Not at once: autocannon is in the middle of a function that uses the socket, and sets a timer after this.
    setImmediate(() => this.#client.destroy());
  }
}

/** A Window counts what is answered while it is open, and the CPU time that the instance used meanwhile. */
class Window {
  readonly #clock: Clock;
  readonly #pid: number;
  readonly #latencyNs = createHistogram({ lowest: 1_000, highest: 1e12, figures: 3 });
  readonly #outcomes: Record<Outcome, number> = { ok: 0, fail: 0, info: 0 };
  #isOpen = false;
  #fromNs = 0;
  #toNs = 0;
  #cpu: Promise<number | null>[] = [];
  #cpuMicros: number | null = null;

  constructor(clock: Clock, pid: number) {
    this.#clock = clock;
    this.#pid = pid;
  }

  open(): void {
    this.#isOpen = true;
    this.#fromNs = this.#clock.nowNs();
    this.#cpu = [cpuMicros(this.#pid)];
  }

  /** Harmless when it is not open, or never was because all connections were lost before. */
  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#toNs = this.#clock.nowNs();
      this.#cpu.push(cpuMicros(this.#pid));
    }
    const [from = null, to = null] = await Promise.all(this.#cpu);
    this.#cpuMicros = from === null || to === null ? null : to - from;
  }

  count(outcome: Outcome, latencyNs: number): void {
    if (!this.#isOpen) return;
    this.#outcomes[outcome] += 1;
    if (outcome === 'ok') this.#latencyNs.record(Math.max(1_000, Math.round(latencyNs)));
  }

  result(): Omit<SaturationMeasurement, 'connections' | 'lostConnections'> {
    const { ok, fail, info } = this.#outcomes;
    const requests = ok + fail + info;
    const seconds = (this.#toNs - this.#fromNs) / 1e9;
    const histogram = this.#latencyNs;
    const ms = (ns: number) => (histogram.count === 0 ? 0 : ns / 1e6);
    return {
      seconds,
      requests,
      requestsPerSecond: requests === 0 ? 0 : requests / seconds,
      latencyMs: {
        count: histogram.count,
        mean: ms(histogram.mean),
        p50: ms(histogram.percentile(50)),
        p90: ms(histogram.percentile(90)),
        p99: ms(histogram.percentile(99)),
        max: ms(histogram.max),
      },
      cpuMicrosPerRequest: this.#cpuMicros === null || requests === 0 ? null : this.#cpuMicros / requests,
      outcomes: { ok, fail, info },
    };
  }
}

/** autocannon gives header names as they came. */
function lowerCased(headers: object): Record<string, string | string[] | undefined> {
  const result: Record<string, string | string[] | undefined> = {};
  for (const [name, value] of Object.entries(headers)) result[name.toLowerCase()] = value;
  return result;
}
