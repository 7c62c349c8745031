import type { Agent } from 'undici';
import { lastLines } from '../../process/last-lines.ts';
import type { MemberState } from '../cluster.ts';
import { waitUntilReady } from '../member-ready.ts';
import type { StartableMember } from '../started-cluster.ts';
import type { Container } from './container.ts';

export interface DockerMemberOptions {
  readonly name: string;
  readonly agent: Agent;
  /** Through a proxy that is no link, and that nothing cuts. */
  readonly clientAddress: string;
  readonly upstream: string;
  readonly logPath: string;
  readonly readyTimeoutMs: number;
  create(): Promise<Container>;
}

/** A DockerMember is an etcd in a container of its own, in a network of its own. */
export class DockerMember implements StartableMember {
  readonly name: string;
  readonly clientAddress: string;
  readonly upstream: string;
  readonly logPath: string;
  readonly #options: DockerMemberOptions;
  #container: Container | undefined;
  #paused = false;

  constructor(options: DockerMemberOptions) {
    this.name = options.name;
    this.clientAddress = options.clientAddress;
    this.upstream = options.upstream;
    this.logPath = options.logPath;
    this.#options = options;
  }

  get container(): Container | undefined {
    return this.#container;
  }

  get state(): MemberState {
    const pid = this.#container?.pid ?? null;
    return pid === null ? { state: 'down' } : { state: this.#paused ? 'paused' : 'up', pid };
  }

  async start(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
    this.#paused = false;
    if (this.#container) await this.#container.startAgain();
    else this.#container = await this.#options.create();
    const container = this.#container;
    try {
      await waitUntilReady({
        member: this,
        agent: this.#options.agent,
        timeoutMs: options.timeoutMs ?? this.#options.readyTimeoutMs,
        signal: options.signal,
        ended: () => (container.pid === null ? 'ended' : undefined),
        lastOutput: () => lastLines(this.logPath, 20),
      });
    } catch (error) {
      await container.kill();
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.#container?.kill();
    this.#paused = false;
  }

  async shutDown(): Promise<void> {
    await this.#running('shut down').stop({ timeoutMs: 5_000 });
    this.#paused = false;
  }

  async pause(): Promise<void> {
    await this.#running('pause').pause();
    this.#paused = true;
  }

  async resume(): Promise<void> {
    const running = this.#running('resume');
    // As SIGCONT does nothing to a process that runs.
    if (this.#paused) await running.unpause();
    this.#paused = false;
  }

  async restart(options: { timeoutMs?: number } = {}): Promise<void> {
    const { state } = this.state;
    if (state !== 'down') throw new Error(`${this.name} should be down to be restarted, but is ${state}`);
    await this.start(options);
  }

  #running(what: string): Container {
    if (this.#container && this.#container.pid !== null) return this.#container;
    throw new Error(`${this.name} is down and cannot be asked to ${what}; restart it first`);
  }
}
