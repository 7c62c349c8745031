import type { Grade } from '../history/operation.ts';
import type { Supervisor } from '../process/supervisor.ts';
import type { Workload } from './workload.ts';

/** A Driver offers a workload open-loop to service instances from its own process and records every operation. */
export interface Driver extends AsyncDisposable {
  /**
   * Offers load from now on until durationMs have passed or `stop` is called. Resolves when the last operation
   * has ended. The history is on disk by then.
   */
  run(options: { ratePerSecond: number; durationMs: number }): Promise<DriverSummary>;
  /** Ends a `run` early; its promise then resolves as usual. */
  stop(): void;
  /** Reads every key that was written, of each grade, on every instance, recorded with `final: true`. */
  finalReads(options: { grades: readonly Grade[] }): Promise<void>;
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
}

export interface DriverStats {
  readonly atNs: number;
  readonly offeredPerSecond: number;
  readonly completedPerSecond: number;
  readonly inFlight: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  readonly dropped: number;
}

export interface DriverSummary {
  readonly offered: number;
  readonly sent: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Due, but never sent, because maxInFlight was reached. */
  readonly dropped: number;
  /** From due to sent. */
  readonly sendLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly fromNs: number;
  readonly toNs: number;
}
