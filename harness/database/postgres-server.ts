import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { childrenOf, startTimeOf } from '../process/process-table.ts';
import { stopped } from '../process/stopped.ts';
import type { ManagedProcess, Supervisor } from '../process/supervisor.ts';
import type { Owner } from './unprivileged.ts';

export interface PostgresServerOptions {
  readonly supervisor: Supervisor;
  readonly name: string;
  readonly binFolder: string;
  readonly dataFolder: string;
  readonly port: number;
  readonly owner: Owner | undefined;
  readonly logPath: string;
  /** As `-c name=value`. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Whom and how to ask whether it is ready. */
  readonly askUrl: string;
}

const startTimeoutMs = 30_000;

/** A PostgresServer is one postmaster with its children over a data folder that exists. */
export class PostgresServer {
  readonly #options: PostgresServerOptions;
  #process: ManagedProcess | undefined;

  constructor(options: PostgresServerOptions) {
    this.#options = options;
  }

  /** Resolves when it answers the query `until` with true; throws with its last output when it does not in time. */
  async start({ timeoutMs = startTimeoutMs, until = 'SELECT true' } = {}): Promise<void> {
    const { supervisor, name, binFolder, dataFolder, port, owner, logPath, settings } = this.#options;
    if (this.#process && this.#process.exit === null) throw new Error(`${name} already runs`);
    const all = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
    this.#process = await supervisor.spawn({
      name,
      command: join(binFolder, 'postgres'),
      args: ['-D', dataFolder, ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      // The command's own folder may be closed to the owner.
      cwd: '/',
      env: { LC_ALL: 'C', PGDATA: undefined, PGOPTIONS: undefined },
      ...owner,
      logPath,
      // Immediate: children end and shared memory is removed, but nothing is written, for the data goes too.
      stopSignal: 'SIGQUIT',
    });
    await this.#ready(this.#process, timeoutMs, until);
  }

  /** A clean end, after which the data folder may be copied. */
  async shutDown(): Promise<void> {
    const running = this.#running('shut down');
    running.signal('SIGINT');
    const exit = await Promise.race([running.exited, sleep(startTimeoutMs, undefined, { ref: false })]);
    if (exit?.code === 0) return;
    await running.stop();
    throw new Error(
      `${this.#options.name} should have shut down cleanly within ${startTimeoutMs} ms; its last output was:\n${await running.lastOutput()}`,
    );
  }

  /**
   * SIGKILL to the postmaster and its children at once, as if the machine's power had gone (except that what was
   * written to files stays written). Resolves when all are gone.
   */
  async kill(): Promise<void> {
    const running = this.#running('be killed');
    // Stopped first: it would start anew children whose end it sees, and could fork one between list and kill.
    running.signal('SIGSTOP');
    await stopped(running.pid);
    const children = await childrenOf(running.pid);
    const segment = await this.#sharedMemoryId();
    running.signal('SIGKILL');
    for (const pid of children) killHard(pid);
    await running.exited;
    for (const pid of children) await gone(pid);
    // The small System V segment that guards the data folder outlives a SIGKILL; the next start would remove it, but
    // there may be none.
    if (segment) await promisify(execFile)('ipcrm', ['-m', segment]).catch(() => {});
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  #running(what: string): ManagedProcess {
    if (this.#process && this.#process.exit === null) return this.#process;
    throw new Error(`${this.#options.name} cannot ${what}: it does not run`);
  }

  async #ready(running: ManagedProcess, timeoutMs: number, until: string): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    let last = 'it was not asked yet';
    while (performance.now() < endsAt) {
      if (running.exit) {
        const { code, signal } = running.exit;
        throw new Error(
          `${this.#options.name} ended with ${code ?? signal} before it was ready; its last output was:\n${await running.lastOutput()}`,
        );
      }
      try {
        if (await isTrue(this.#options.askUrl, until)) return;
        last = `${until}: false`;
      } catch (error) {
        last = (error as Error).message;
      }
      await sleep(15);
    }
    throw new Error(
      `${this.#options.name} did not become ready in ${timeoutMs} ms (${last}); its last output was:\n${await running.lastOutput()}`,
    );
  }

  /** The seventh line of postmaster.pid: key and id. */
  async #sharedMemoryId(): Promise<string | undefined> {
    const text = await readFile(join(this.#options.dataFolder, 'postmaster.pid'), 'utf8').catch(() => '');
    return text.split('\n')[6]?.trim().split(/\s+/)[1];
  }
}

async function isTrue(url: string, query: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 1_000,
    query_timeout: 1_000,
    application_name: 'faultline-ready',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query({ text: query, rowMode: 'array' });
    return rows[0]?.[0] === true;
  } finally {
    // Not awaited when it hangs: `end` waits for the socket.
    void client.end().catch(() => {});
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function gone(pid: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 5) {
    if ((await startTimeOf(pid)) === null) return;
    await sleep(5);
  }
  throw new Error(`process ${pid} is still there 5000 ms after SIGKILL`);
}
