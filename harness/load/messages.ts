import type { Grade } from '../history/operation.ts';
import type { DriverStats } from './driver-summary.ts';
import type { Workload } from './workload.ts';

/** What the load processes and the command tell each other over the ipc channel. */

/** The command's requests; each is answered by one Reply of the same id. */
export type Request =
  | { readonly type: 'open'; readonly open: OpenRequest }
  | { readonly type: 'run'; readonly ratePerSecond: number; readonly durationMs: number }
  | { readonly type: 'stop' }
  | {
      readonly type: 'finalReads';
      readonly grades: readonly Grade[];
      readonly limitMs?: number;
      readonly settleMs?: number;
    }
  | { readonly type: 'saturate'; readonly saturate: SaturateRequest };

export interface OpenRequest {
  readonly targets: readonly { readonly instance: string; readonly url: string }[];
  readonly workload: Workload;
  readonly seed: number;
  /** A bigint as text: JSON has none. */
  readonly originNs: string;
  readonly historyPath: string;
}

export interface SaturateRequest {
  readonly target: { readonly instance: string; readonly url: string; readonly pid: number };
  /** One measurement for each number of connections. */
  readonly connections: readonly number[];
  readonly seconds: number;
  readonly workload: Workload;
  readonly seed: number;
  readonly originNs: string;
  readonly historyPath: string;
}

export type ToWorker = Request & { readonly id: number };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'stats'; readonly stats: DriverStats }
  | { readonly type: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
