/** A Clock tells nanoseconds since the run's origin on the machine's monotonic clock. */
export interface Clock {
  /** The origin on the machine's own scale; hand it to other processes so that all tell the same time. */
  readonly originNs: bigint;
  nowNs(): number;
}

/**
 * process.hrtime is CLOCK_MONOTONIC on Linux and mach_absolute_time on macOS: one scale for all processes of a
 * machine, so the driver and the command agree without talking. 2^53 ns is 104 days, hence plain numbers.
 */
export function clockFrom(originNs: bigint = process.hrtime.bigint()): Clock {
  return { originNs, nowNs: () => Number(process.hrtime.bigint() - originNs) };
}
