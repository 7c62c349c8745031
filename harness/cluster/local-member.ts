import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from 'undici';
import { stopped } from '../process/stopped.ts';
import type { ManagedProcess, Supervisor } from '../process/supervisor.ts';
import type { MemberState } from './cluster.ts';
import type { Movable } from './disks.ts';
import { waitUntilReady } from './member-ready.ts';
import type { Rejoining } from './membership.ts';
import type { StartableMember } from './started-cluster.ts';

export interface LocalMemberOptions {
  readonly name: string;
  readonly supervisor: Supervisor;
  readonly agent: Agent;
  readonly command: string;
  /** The last of a flag counts. */
  readonly args: readonly string[];
  readonly dataFolder: string;
  /** What its peers know it by. */
  readonly peerUrl: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clientAddress: string;
  readonly logPath: string;
  readonly readyTimeoutMs: number;
}

/** A LocalMember is an etcd process of this machine. */
export class LocalMember implements StartableMember, Rejoining, Movable {
  readonly name: string;
  readonly clientAddress: string;
  readonly logPath: string;
  readonly peerUrl: string;
  readonly #options: LocalMemberOptions;
  /** etcd reads it only while the data folder is empty. */
  #joins = false;
  #dataFolder: string;
  #process: ManagedProcess | undefined;
  #paused = false;
  #stopped = false;

  constructor(options: LocalMemberOptions) {
    this.name = options.name;
    this.clientAddress = options.clientAddress;
    this.logPath = options.logPath;
    this.peerUrl = options.peerUrl;
    this.#dataFolder = options.dataFolder;
    this.#options = options;
  }

  /** Told from the process itself: a member that crashed is down, too. */
  get state(): MemberState {
    if (!this.#process || this.#process.exit) return { state: 'down' };
    return { state: this.#paused ? 'paused' : 'up', pid: this.#process.pid };
  }

  /** Resolves when it answers a linearizable read. */
  async start(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.#options.readyTimeoutMs;
    const { supervisor, command, environment: env, logPath } = this.#options;
    const state = this.#joins ? ['--initial-cluster-state', 'existing'] : [];
    const args = [...this.#options.args, ...state, '--data-dir', this.#dataFolder];
    // Its data goes away with it, and a leader that says goodbye hands over first: nothing to wait for.
    const stopSignal = 'SIGKILL';
    this.#paused = false;
    const child = await supervisor.spawn({ name: this.name, command, args, env, logPath, stopSignal });
    this.#process = child;
    if (this.#stopped) await child.stop();
    try {
      await waitUntilReady({
        member: this,
        agent: this.#options.agent,
        timeoutMs,
        signal: options.signal,
        ended: () => (child.exit ? `ended with ${child.exit.signal ?? child.exit.code}` : undefined),
        lastOutput: () => child.lastOutput(20),
      });
    } catch (error) {
      // One that is not ready is down: it can be restarted, and nobody takes it for up.
      await child.stop();
      throw error;
    }
  }

  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.exited;
    this.#paused = false;
  }

  async shutDown(): Promise<void> {
    const running = this.#running('shut down');
    running.signal('SIGTERM');
    const late = setTimeout(() => running.signal('SIGKILL'), 5_000);
    await running.exited;
    clearTimeout(late);
    this.#paused = false;
  }

  async pause(): Promise<void> {
    const running = this.#running('pause');
    running.signal('SIGSTOP');
    this.#paused = true;
    await stopped(running.pid);
  }

  async resume(): Promise<void> {
    this.#running('resume').signal('SIGCONT');
    this.#paused = false;
  }

  async restart(options: { timeoutMs?: number } = {}): Promise<void> {
    const { state } = this.state;
    if (state !== 'down') throw new Error(`${this.name} should be down to be restarted, but is ${state}`);
    await this.start(options);
  }

  async emptyDataFolder(): Promise<void> {
    const { state } = this.state;
    if (state !== 'down') throw new Error(`${this.name} should be down to lose its data, but is ${state}`);
    for (const entry of await readdir(this.#dataFolder))
      await rm(join(this.#dataFolder, entry), { recursive: true, force: true });
  }

  get dataFolder(): string {
    return this.#dataFolder;
  }

  useDataFolder(folder: string): void {
    const { state } = this.state;
    if (state !== 'down') throw new Error(`${this.name} should be down to move its data, but is ${state}`);
    this.#dataFolder = folder;
  }

  startJoining(): Promise<void> {
    this.#joins = true;
    return this.restart();
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#process?.stop();
  }

  #running(what: string): ManagedProcess {
    if (this.#process && !this.#process.exit) return this.#process;
    throw new Error(`${this.name} is down and cannot be asked to ${what}; restart it first`);
  }
}
