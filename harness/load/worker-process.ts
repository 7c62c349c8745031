import type { ManagedProcess, Supervisor } from '../process/supervisor.ts';
import { builtProgram } from '../project.ts';
import type { DriverStats } from './driver-summary.ts';
import type { FromWorker, Request, ToWorker } from './messages.ts';

/** A WorkerProcess is a process of its own that answers requests over ipc: the driver, or the saturation benchmark. */
export class WorkerProcess implements AsyncDisposable {
  readonly #process: ManagedProcess;
  readonly #pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #statsListeners: ((stats: DriverStats) => void)[] = [];
  readonly #ready: Promise<void>;
  #markReady = () => {};
  #nextId = 1;

  private constructor(process: ManagedProcess) {
    this.#process = process;
    this.#ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    process.onMessage((message) => this.#receive(message as FromWorker));
    void process.exited.then(async (exit) => {
      const output = await process.lastOutput();
      const error = new Error(
        `the ${process.name} ended (code ${exit.code}, signal ${exit.signal}) before it had answered; ` +
          `its last output was: ${output.trim() || '(none)'}`,
      );
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    });
  }

  /** Resolves when it answers. */
  static async start(options: {
    supervisor: Supervisor;
    name: string;
    program: string;
    logPath: string;
  }): Promise<WorkerProcess> {
    const program = builtProgram(options.program);
    const worker = new WorkerProcess(
      await options.supervisor.spawn({
        name: options.name,
        command: process.execPath,
        // Twice Node's room for young objects: a third less time in garbage collection at 10,000 operations/s.
        args: ['--max-semi-space-size=32', '--enable-source-maps', program],
        logPath: options.logPath,
        ipc: true,
      }),
    );
    try {
      await worker.#waitUntilReady();
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
    return worker;
  }

  /** Rejects with what the worker says, or when it ends. */
  call(request: Request): Promise<unknown> {
    const id = this.#nextId++;
    if (this.#process.exit) {
      return Promise.reject(new Error(`the ${this.#process.name} is not running: it cannot ${request.type}`));
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#process.send({ ...request, id } satisfies ToWorker);
    });
  }

  onStats(listener: (stats: DriverStats) => void): void {
    this.#statsListeners.push(listener);
  }

  /** It writes what it has (SIGTERM), then is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }

  async #waitUntilReady(): Promise<void> {
    const { name, exited } = this.#process;
    const ended = new AbortController();
    const late = new Promise<string>((resolve) => {
      const timer = setTimeout(() => resolve(`did not become ready in ${readyMs} ms`), readyMs);
      ended.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    const problem = await Promise.race([
      this.#ready,
      late,
      exited.then(({ code, signal }) => `ended at its start (code ${code}, signal ${signal})`),
    ]);
    ended.abort();
    if (problem === undefined) return;
    const output = (await this.#process.lastOutput()).trim() || '(none)';
    throw new Error(`the ${name} ${problem}; its last output was: ${output}`);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#markReady();
        break;
      case 'stats':
        for (const listener of this.#statsListeners) listener(message.stats);
        break;
      case 'reply':
        this.#pending.get(message.id)?.resolve(message.result);
        this.#pending.delete(message.id);
        break;
      case 'failed':
        this.#pending.get(message.id)?.reject(new Error(message.message));
        this.#pending.delete(message.id);
        break;
    }
  }
}

const readyMs = 15_000;
