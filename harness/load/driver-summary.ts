/** DriverStats are told a few times a second while load is offered; counts are of the run so far. */
export interface DriverStats {
  readonly atNs: number;
  readonly offeredPerSecond: number;
  readonly completedPerSecond: number;
  /** Of those that ended ok since the report before, from when they were due; null when none did. */
  readonly p99Ms: number | null;
  readonly inFlight: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  readonly dropped: number;
}

/** A DriverSummary is what one run offered, and how it ended. */
export interface DriverSummary {
  readonly offered: number;
  readonly sent: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Due, but never sent: maxInFlight was reached, or the driver was held up for longer than the deadline. */
  readonly dropped: number;
  /** From due to sent, or to dropped when the driver was held up: how far behind the driver itself was. */
  readonly sendLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly fromNs: number;
  readonly toNs: number;
}
