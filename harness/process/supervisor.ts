import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtProgram } from '../project.ts';
import { lastLines } from './last-lines.ts';

/**
 * A Supervisor starts processes and makes temporary folders, and sees to it that none outlives the command: on
 * dispose, on a throw, on Ctrl-C, and when the command is killed with SIGKILL.
 *
 *     command --stdin pipe--> keeper (own session)       the pipe ends when the command does, however it ended;
 *        |                      |                        the keeper then stops what it was told of
 *        +--> m1, m2, driver <--+
 */
export interface Supervisor extends AsyncDisposable {
  /** Marks everything that this command started (variable FAULTLINE_SUPERVISOR of every child). */
  readonly id: string;
  /** What runs now, in the order in which it was started. */
  processes(): readonly Pick<ManagedProcess, 'name' | 'pid'>[];
  /** Resolves when the program runs; rejects with ProcessFailed when it could not be started. */
  spawn(options: SpawnOptions): Promise<ManagedProcess>;
  /** A fresh folder that is removed with everything in it. Other users may pass through it, not read it. */
  temporaryFolder(label: string): Promise<string>;
}

export interface SpawnOptions {
  /** What messages call it: 'm1', 'primary', 'driver'. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** stdout and stderr are appended here. */
  readonly logPath: string;
  /** Gives a Node child a message channel. */
  readonly ipc?: boolean;
  /** How it is asked to stop (SIGTERM); SIGKILL follows after stopTimeoutMs (5,000). */
  readonly stopSignal?: NodeJS.Signals;
  readonly stopTimeoutMs?: number;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Null while it runs. */
  readonly exit: Exit | null;
  /** Harmless when it has exited. */
  signal(signal: NodeJS.Signals): void;
  /** Asks, waits, then kills. Resolves when it is gone; harmless when it already is. */
  stop(): Promise<Exit>;
  /** Only with ipc; throws otherwise. What is sent to a process that has exited is dropped. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Writes a line to its standard input; what is written to a process that has exited is dropped. */
  tell(line: string): void;
  /** The last lines it wrote, for error messages. */
  lastOutput(lines?: number): Promise<string>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A ProcessFailed says which program could not be started, and why. */
export class ProcessFailed extends Error {
  override readonly name = 'ProcessFailed';
}

/** What the keeper is told, one JSON document a line. */
export type KeeperMessage =
  | { readonly type: 'process'; readonly pid: number; readonly stopSignal: NodeJS.Signals }
  | { readonly type: 'gone'; readonly pid: number };

/** The name of the folder that a supervisor's temporary folders are in. */
export const temporaryPrefix = 'faultline-';

export async function createSupervisor(): Promise<Supervisor> {
  const id = randomBytes(8).toString('hex');
  const root = join(tmpdir(), `${temporaryPrefix}${id}`);
  const keeper = await startKeeper(id, root);
  // Made only once the keeper watches: from here on a SIGKILL of the command leaves nothing.
  await mkdir(root, { mode: 0o711 });
  await writeFile(join(root, 'owner'), `${process.pid} ${keeper.pid}\n`);

  const running = new Set<Managed>();
  let folders = 0;
  let disposed: Promise<void> | undefined;

  async function disposeAll(): Promise<void> {
    // Newest first: clients before proxies, proxies before members. Stopped together where nothing depends on order.
    await Promise.allSettled([...running].reverse().map((p) => p.stop()));
    keeper.tellEnd();
    await keeper.exited;
  }

  return {
    id,
    processes: () => [...running].filter(({ pid }) => pid !== undefined),
    async spawn(options) {
      if (disposed) throw new ProcessFailed(`${options.name} was not started: the run is being stopped`);
      await mkdir(dirname(options.logPath), { recursive: true });
      const log = await open(options.logPath, 'a');
      try {
        if (disposed) throw new ProcessFailed(`${options.name} was not started: the run is being stopped`);
        const managed = new Managed(options, id, log.fd, keeper.tell);
        running.add(managed);
        void managed.exited.then(() => running.delete(managed));
        await managed.started;
        return managed;
      } finally {
        await log.close();
      }
    },
    async temporaryFolder(label) {
      folders += 1;
      const folder = join(root, `${folders}-${label}`);
      await mkdir(folder, { mode: 0o711 });
      return folder;
    },
    [Symbol.asyncDispose]() {
      disposed ??= disposeAll();
      return disposed;
    },
  };
}

interface Keeper {
  readonly pid: number;
  tell(message: KeeperMessage): void;
  tellEnd(): void;
  readonly exited: Promise<unknown>;
}

async function startKeeper(id: string, root: string): Promise<Keeper> {
  const program = builtProgram('harness/process/keeper-main.ts');
  const child = spawn(process.execPath, [program, id, root], {
    // Its own session: Ctrl-C in the terminal goes to the command alone, which then ends things in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const ready = once(createInterface(child.stdout!), 'line');
  const early = exited.then(([code]) => {
    throw new ProcessFailed(
      `the keeper (${program}) ended with ${code} before it was ready; build with npm start`,
    );
  });
  early.catch(() => {});
  await Promise.race([ready, early]);
  // The keeper and its pipes must not keep the command alive, nor may a broken pipe end it.
  child.stdin!.on('error', () => {});
  child.stdout!.destroy();
  child.unref();
  return {
    pid: child.pid!,
    tell: (message) => void child.stdin!.write(`${JSON.stringify(message)}\n`),
    tellEnd: () => {
      // From here on its end is waited for, perhaps as the last thing that the command does.
      child.ref();
      child.stdin!.end();
    },
    exited: exited.catch(() => {}),
  };
}

class Managed implements ManagedProcess {
  readonly name: string;
  readonly started: Promise<void>;
  readonly exited: Promise<Exit>;
  exit: Exit | null = null;
  readonly #child: ChildProcess;
  readonly #options: SpawnOptions;
  #stopping: Promise<Exit> | undefined;

  constructor(options: SpawnOptions, supervisorId: string, logFd: number, tell: Keeper['tell']) {
    this.name = options.name;
    this.#options = options;
    const child = spawn(options.command, options.args ?? [], {
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      env: { ...process.env, ...options.env, FAULTLINE_SUPERVISOR: supervisorId },
      stdio: ['pipe', logFd, logFd, ...(options.ipc ? ['ipc' as const] : [])],
      detached: true,
    });
    this.#child = child;
    // In the same tick as the spawn; what little is left between the two is found by the variable (keeper-main).
    if (child.pid !== undefined) {
      tell({ type: 'process', pid: child.pid, stopSignal: options.stopSignal ?? 'SIGTERM' });
    }
    child.stdin!.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit) => {
        if (this.exit) return;
        this.exit = exit;
        if (child.pid !== undefined) tell({ type: 'gone', pid: child.pid });
        resolve(exit);
      };
      child.once('exit', (code, signal) => end({ code, signal }));
      child.once('error', () => {
        if (child.pid === undefined) end({ code: null, signal: null });
      });
    });
    this.started = new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(
          new ProcessFailed(`${options.name} could not be started (${options.command}): ${error.message}`),
        ),
      );
    });
    // Later errors (a message to a process that is gone) are told by `exited`.
    child.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.exit) this.#child.kill(signal);
  }

  stop(): Promise<Exit> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<Exit> {
    if (this.exit) return this.exit;
    this.signal(this.#options.stopSignal ?? 'SIGTERM');
    // A paused process would sleep on the request.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), this.#options.stopTimeoutMs ?? 5_000);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  send(message: unknown): void {
    if (!this.#options.ipc)
      throw new TypeError(`${this.name} has no message channel: spawn it with ipc: true`);
    if (this.#child.connected) this.#child.send(message as object, () => {});
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  tell(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  lastOutput(lines = 10): Promise<string> {
    return lastLines(this.#options.logPath, lines);
  }
}
