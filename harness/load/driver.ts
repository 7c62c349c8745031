import type { Grade } from '../history/operation.ts';
import type { Supervisor } from '../process/supervisor.ts';
import type { DriverStats, DriverSummary } from './driver-summary.ts';
import { WorkerProcess } from './worker-process.ts';
import { checkWorkload, type Workload } from './workload.ts';

export type { DriverStats, DriverSummary } from './driver-summary.ts';

/** A Driver offers a workload open-loop to service instances from its own process and records every operation. */
export interface Driver extends AsyncDisposable {
  /**
   * Offers load from now on until durationMs have passed or `stop` is called. Resolves when the last operation
   * has ended. The history is on disk by then.
   */
  run(options: { ratePerSecond: number; durationMs: number }): Promise<DriverSummary>;
  /** Ends a `run` early; its promise then resolves as usual. */
  stop(): void;
  /**
   * Reads every key that was written, of each grade, on every instance, recorded with `final: true`. What failed is
   * asked again a few times, and so are keys of which the answers differ, for settleMs (10,000): a write that ended
   * `info` may still arrive. What is not read within limitMs (30,000) is left out: an instance may be gone for good.
   */
  finalReads(options: { grades: readonly Grade[]; limitMs?: number; settleMs?: number }): Promise<void>;
  /** Called a few times a second while load is offered. */
  onStats(listener: (stats: DriverStats) => void): void;
}

export interface DriverOptions {
  readonly supervisor: Supervisor;
  readonly targets: readonly { readonly instance: string; readonly url: string }[];
  readonly workload: Workload;
  readonly seed: number;
  /** The run's origin, as a Clock has it. */
  readonly originNs: bigint;
  /** history.jsonl, written as it goes. */
  readonly historyPath: string;
  readonly logPath: string;
  /** Its process, where that was started before there was anything to ask. */
  readonly booted?: Promise<WorkerProcess>;
}

/** Starts the driver's process alone; it does nothing until `startDriver` is given it. What was started is the supervisor's. */
export function bootDriver(options: Pick<DriverOptions, 'supervisor' | 'logPath'>): Promise<WorkerProcess> {
  const booted = WorkerProcess.start({ ...options, name: 'driver', program: 'harness/load/main.ts' });
  // Told to whoever waits for it; when the stack is not even started nobody does.
  booted.catch(() => {});
  return booted;
}

/**
 * Starts the driver's process. Throws a RangeError for a workload that cannot be offered, before anything is started.
 * When it is disposed (or the command dies) the history is completed: what was in flight is recorded as lost.
 */
export async function startDriver(options: DriverOptions): Promise<Driver> {
  const { supervisor, targets, workload, seed, originNs, historyPath, logPath } = options;
  checkWorkload(workload);
  if (targets.length === 0) throw new RangeError('the driver should have at least one target, got none');
  const worker = await (options.booted ?? bootDriver({ supervisor, logPath }));
  try {
    const open = { targets, workload, seed, originNs: String(originNs), historyPath };
    await worker.call({ type: 'open', open });
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
  return {
    run: async (run) => (await worker.call({ type: 'run', ...run })) as DriverSummary,
    // When it has ended already there is nothing to stop.
    stop: () => void worker.call({ type: 'stop' }).catch(() => {}),
    finalReads: async (options) => void (await worker.call({ type: 'finalReads', ...options })),
    onStats: (listener) => worker.onStats(listener),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
