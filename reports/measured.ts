import type { Measured, MeasuredRow } from '../harness/result.ts';
import { figure } from './figures.ts';

type MeasuredFigure = MeasuredRow['figures'][number];

/** A figure, or the median of a spread; what is missing is none. */
export function measuredText(measured: MeasuredFigure): string {
  return figure(measured !== null && typeof measured === 'object' ? measured.median : measured);
}

/** The least and the most over the rounds; undefined where there is one value only. */
export function measuredSpread(measured: MeasuredFigure): string | undefined {
  if (measured === null || typeof measured === 'number' || measured.min === measured.max) return undefined;
  return `${figure(measured.min)}…${figure(measured.max)}`;
}

/** What the figures are, and what is wrong with them. */
export function measuredNote({ note, state, reason }: Measured): string {
  return state === 'kept' ? note : `${note} ${state}: ${reason ?? 'no reason was given'}.`;
}
