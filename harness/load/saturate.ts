import type { Supervisor } from '../process/supervisor.ts';
import type { SaturationMeasurement } from './saturation-measurement.ts';
import { WorkerProcess } from './worker-process.ts';
import { checkWorkload, type Workload } from './workload.ts';

export type { SaturationMeasurement } from './saturation-measurement.ts';

export interface SaturateOptions {
  readonly supervisor: Supervisor;
  readonly target: { readonly instance: string; readonly url: string; readonly pid: number };
  /** One measurement for each number of connections, in this order, all in one history. */
  readonly connections: readonly number[];
  /** Of one measurement, after its warm-up. */
  readonly seconds: number;
  readonly workload: Workload;
  readonly seed: number;
  readonly originNs: bigint;
  /** Every operation is recorded, warm-up too. */
  readonly historyPath: string;
  readonly logPath: string;
}

/**
 * Finds out how much one instance can answer without faults: closed loop, so its latencies say nothing of what users
 * feel when they come at their own pace. Throws a RangeError for what cannot be measured, before anything is started.
 */
export async function saturate(options: SaturateOptions): Promise<readonly SaturationMeasurement[]> {
  const { supervisor, logPath, originNs, ...request } = options;
  checkWorkload(options.workload);
  for (const count of options.connections) {
    if (!Number.isInteger(count) || count < 1 || count > 1_000) {
      throw new RangeError(`connections should be whole numbers from 1 to 1000, got ${count}`);
    }
  }
  if (options.connections.length === 0)
    throw new RangeError('connections should be at least one number, got none');
  if (!(options.seconds > 0 && options.seconds <= 3_600)) {
    throw new RangeError(`seconds should be above 0 and at most 3600, got ${options.seconds}`);
  }
  await using worker = await WorkerProcess.start({
    supervisor,
    name: 'saturation benchmark',
    program: 'harness/load/saturate-main.ts',
    logPath,
  });
  const saturateRequest = { ...request, originNs: String(originNs) };
  return (await worker.call({ type: 'saturate', saturate: saturateRequest })) as SaturationMeasurement[];
}
