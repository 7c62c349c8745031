/** A Bench measures one part on this machine; figures meant for comparison are ratios within one run. */
export interface Bench {
  readonly name: string;
  run(): Promise<readonly BenchRow[]>;
}

export interface BenchRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be, in words, and whether it is. */
  readonly target?: string;
  readonly met?: boolean;
}
