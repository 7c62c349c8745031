import type { DriverStats } from './load/driver.ts';
import type { Cell } from './result.ts';

/** A Progress is what a run tells while it goes on; the terminal shows it, a pipe gets it as plain lines. */
export type Progress =
  | { readonly type: 'cell-started'; readonly cell: CellName; readonly index: number; readonly count: number }
  /** What comes after a colon is for people; what is before it names the step. */
  | { readonly type: 'step'; readonly cell: CellName; readonly step: string }
  | {
      readonly type: 'load';
      readonly cell: CellName;
      readonly stats: DriverStats;
      readonly loadMs: number;
      readonly elapsedMs: number;
    }
  | { readonly type: 'faults'; readonly cell: CellName; readonly active: readonly string[] }
  | {
      readonly type: 'leader';
      readonly cell: CellName;
      readonly leader: string | null;
      readonly term: number;
    }
  /** What the harness broke is tried once more. */
  | { readonly type: 'cell-retried'; readonly cell: CellName; readonly reason: string }
  | { readonly type: 'cell-ended'; readonly cell: Cell };

export interface CellName {
  readonly scenario: string;
  readonly strategy: string;
}
