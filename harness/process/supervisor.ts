/**
 * A Supervisor starts processes and makes temporary folders, and sees to it that none outlives the command: on
 * dispose, on a throw, on Ctrl-C, and when the command is killed with SIGKILL.
 */
export interface Supervisor extends AsyncDisposable {
  /** Marks everything that this command started (variable FAULTLINE_SUPERVISOR of every child). */
  readonly id: string;
  /** Resolves when the program runs; rejects with ProcessFailed when it could not be started. */
  spawn(options: SpawnOptions): Promise<ManagedProcess>;
  /** A fresh folder that is removed with everything in it. */
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
  /** 'ipc' gives a Node child a message channel. */
  readonly ipc?: boolean;
  /** How it is asked to stop; SIGKILL follows after stopTimeoutMs (5,000). */
  readonly stopSignal?: NodeJS.Signals;
  readonly stopTimeoutMs?: number;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Null while it runs. */
  readonly exit: Exit | null;
  signal(signal: NodeJS.Signals): void;
  /** Asks, waits, then kills. Resolves when it is gone; harmless when it already is. */
  stop(): Promise<Exit>;
  /** Only with ipc. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The last lines it wrote, for error messages. */
  lastOutput(lines?: number): Promise<string>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
