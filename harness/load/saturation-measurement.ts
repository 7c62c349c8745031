import type { SaturationRow } from '../result.ts';

/** A SaturationMeasurement is a SaturationRow before its history is checked. */
export interface SaturationMeasurement extends Omit<SaturationRow, 'strategy' | 'state' | 'reason'> {
  /** Connections that broke, or were answered out of turn, and were not used again: the figures are for fewer then. */
  readonly lostConnections: number;
}
