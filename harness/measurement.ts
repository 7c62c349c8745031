import type { Measured } from './result.ts';
import type { Profile } from './scenario.ts';

/** A Measurement is a scenario without strategies and cells: it sets up what it measures, and tells a table. */
export interface Measurement {
  readonly name: string;
  /** The question that it answers, as a user would ask it. */
  readonly question: string;
  /** Leaves nothing behind, also when it throws or is aborted; an abort rejects. */
  measure(options: MeasurementOptions): Promise<Measured>;
}

export interface MeasurementOptions {
  readonly profile: Profile;
  readonly seed: number;
  readonly etcd: { readonly path: string; readonly version: string };
  /** For logs and histories; there already. */
  readonly folder: string;
  readonly signal: AbortSignal;
}
