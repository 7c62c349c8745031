import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { freePort } from '../process/free-port.ts';
import { stopped } from '../process/stopped.ts';
import type { ManagedProcess, Supervisor } from '../process/supervisor.ts';
import type { StrategyDescription } from './strategy.ts';

/**
 * An Instance is one OS process that serves one strategy over the HTTP contract (DESIGN 5).
 *
 * The program is told by variables, so that it can be written in any language:
 *   FAULTLINE_INSTANCE      its name: 's1'
 *   FAULTLINE_PORT          listen on 127.0.0.1 here
 *   FAULTLINE_ETCD          'm1=127.0.0.1:2001,m2=127.0.0.1:2002', its own links to the members
 *   FAULTLINE_ETCD_ACCESS   what it takes to reach members that are somebody else's: prefix, TLS, user
 *                           (harness/cluster/external/access.ts); unset for the harness's own
 *   FAULTLINE_PRIMARY_URL   postgres://… through its own link
 *   FAULTLINE_REPLICA_URL   the same for the replica; unset when there is none
 *   FAULTLINE_DATA          a folder of its own that survives its kill and restart
 *   FAULTLINE_TIME_SCALE    1 = the article's own times
 *   FAULTLINE_SEED          for its own chance (jitter)
 *   FAULTLINE_WATCH_RECORD  where to take down what its watch told (harness/history/watch-format.ts), with
 *   FAULTLINE_ORIGIN_NS     the origin of the run's clock on the machine's monotonic one; both may be unset
 *   FAULTLINE_OPEN_ON_LINE  set only for a program that knows it (StrategyDescription.opensOnLine): touch nothing before
 *                           a line comes on standard input
 */
export interface Instance {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** A program that ended by itself is down, too. */
  readonly state: 'up' | 'paused' | 'down';
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again after kill, same port and data folder. */
  restart(): Promise<void>;
  /** SIGTERM, then SIGKILL. */
  stop(): Promise<void>;
}

export interface InstanceOptions {
  readonly supervisor: Supervisor;
  readonly name: string;
  readonly strategy: StrategyDescription;
  readonly etcd: readonly { readonly member: string; readonly address: string }[];
  readonly primaryUrl: string;
  readonly replicaUrl?: string;
  readonly dataFolder: string;
  readonly logPath: string;
  readonly timeScale: number;
  readonly seed: number;
  /** Further variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * When what it stands on is ready; at once when left out. Where this rejects, nothing is started and the reason thrown. A
   * program that opens on a line is started at once and loads meanwhile, which is most of what its start takes.
   */
  readonly opens?: Promise<unknown>;
  /** 15,000 unless told otherwise, from when it may open. */
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An InstanceNotReady says which instance did not answer /healthz with 200 in time, and what it last wrote. */
export class InstanceNotReady extends Error {
  override readonly name = 'InstanceNotReady';
}

/** Resolves when /healthz answers 200. Throws InstanceNotReady, and leaves nothing running. */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const { opens = Promise.resolve(), strategy } = options;
  // Told when it is awaited; until then nobody may be there to hear it.
  opens.catch(() => {});
  const instance = new ServiceInstance(options, await freePort());
  if (strategy.opensOnLine) {
    await instance.load();
    await instance.open(opens);
  } else {
    await opens;
    await instance.start();
  }
  return instance;
}

class ServiceInstance implements Instance {
  readonly name: string;
  readonly url: string;
  readonly #options: InstanceOptions;
  readonly #port: number;
  #process: ManagedProcess | undefined;
  #paused = false;

  constructor(options: InstanceOptions, port: number) {
    this.name = options.name;
    this.url = `http://127.0.0.1:${port}`;
    this.#options = options;
    this.#port = port;
  }

  get pid(): number {
    return this.#running().pid;
  }

  get state(): 'up' | 'paused' | 'down' {
    if (!this.#process || this.#process.exit) return 'down';
    return this.#paused ? 'paused' : 'up';
  }

  async start(): Promise<void> {
    await this.#spawn();
    await this.#ready();
  }

  /** Starts the program, which opens nothing yet. */
  async load(): Promise<void> {
    await this.#spawn({ FAULTLINE_OPEN_ON_LINE: '1' });
  }

  /** Lets the loaded program open once the promise resolves. */
  async open(ground: Promise<unknown>): Promise<void> {
    const process = this.#running();
    try {
      await ground;
    } catch (error) {
      await process.stop();
      throw error;
    }
    process.tell('open');
    await this.#ready();
  }

  async #spawn(environment?: Readonly<Record<string, string>>): Promise<void> {
    this.#paused = false;
    const { supervisor, strategy, logPath } = this.#options;
    const [command, ...args] = strategy.command;
    this.#process = await supervisor.spawn({
      name: this.name,
      command,
      args,
      env: {
        ...this.#variables(),
        ...this.#options.environment,
        ...strategy.environment,
        FAULTLINE_OPEN_ON_LINE: undefined,
        ...environment,
      },
      logPath,
      // A little more than an instance allows itself to finish what it promised.
      stopTimeoutMs: 6_000,
    });
  }

  /** Waits for it; what is not ready in time is stopped. */
  async #ready(): Promise<void> {
    const process = this.#running();
    const { readyTimeoutMs = 15_000, signal } = this.#options;
    try {
      await this.#healthy(process, readyTimeoutMs, signal);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  async kill(): Promise<void> {
    const process = this.#running();
    process.signal('SIGKILL');
    await process.exited;
  }

  async pause(): Promise<void> {
    const running = this.#running();
    running.signal('SIGSTOP');
    this.#paused = true;
    await stopped(running.pid);
  }

  async resume(): Promise<void> {
    this.#running().signal('SIGCONT');
    this.#paused = false;
  }

  async restart(): Promise<void> {
    if (this.#process && !this.#process.exit) {
      throw new Error(`${this.name} still runs (pid ${this.#process.pid}): kill or stop it before a restart`);
    }
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  #running(): ManagedProcess {
    if (this.#process) return this.#process;
    throw new Error(`${this.name} was not started`);
  }

  #variables(): Record<string, string | undefined> {
    const { name, etcd, primaryUrl, replicaUrl, dataFolder, timeScale, seed } = this.#options;
    return {
      FAULTLINE_INSTANCE: name,
      FAULTLINE_PORT: String(this.#port),
      FAULTLINE_ETCD: etcd.map(({ member, address }) => `${member}=${address}`).join(','),
      FAULTLINE_PRIMARY_URL: primaryUrl,
      FAULTLINE_REPLICA_URL: replicaUrl,
      FAULTLINE_DATA: dataFolder,
      FAULTLINE_TIME_SCALE: String(timeScale),
      FAULTLINE_SEED: String(seed),
      NODE_ENV: 'production',
    };
  }

  async #healthy(process: ManagedProcess, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    let last = 'no answer';
    while (performance.now() < untilMs) {
      signal?.throwIfAborted();
      if (process.exit) {
        throw await this.#notReady(process, `ended with ${process.exit.code ?? process.exit.signal}`);
      }
      last = await this.#askHealth(signal);
      if (last === '200') return;
      await sleep(25);
    }
    throw await this.#notReady(process, `did not become ready in ${timeoutMs} ms (${last})`);
  }

  async #askHealth(signal: AbortSignal | undefined): Promise<string> {
    const limit = AbortSignal.timeout(1_000);
    try {
      // A connection of its own each time: none is left to be broken by a later kill.
      const { statusCode, body } = await request(`${this.url}/healthz`, {
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        headers: { connection: 'close' },
      });
      const text = await body.text();
      return statusCode === 200 ? '200' : `${statusCode} ${text}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #notReady(process: ManagedProcess, what: string): Promise<InstanceNotReady> {
    const output = (await process.lastOutput()) || '(nothing)';
    return new InstanceNotReady(
      `${this.name} (${this.#options.strategy.name}) ${what}; its last output was:\n${output}`,
    );
  }
}
