import type { FaultWindow } from '../history/operation.ts';
import type { Phase, PhaseName } from '../result.ts';

/** A LoadWindow is the time in which load was offered, warm-up left out, on the run's clock. */
export interface LoadWindow {
  readonly loadFromNs: number;
  readonly loadToNs: number;
}

/** A FaultSpan is from the first injection to the last healing within the load, in milliseconds since it began. */
export interface FaultSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Null when no fault touched the load. */
export function faultSpan(faults: readonly FaultWindow[], load: LoadWindow): FaultSpan | null {
  let [fromNs, toNs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const fault of faults) {
    if (fault.toNs <= load.loadFromNs || fault.fromNs >= load.loadToNs) continue;
    fromNs = Math.min(fromNs, Math.max(fault.fromNs, load.loadFromNs));
    toNs = Math.max(toNs, Math.min(fault.toNs, load.loadToNs));
  }
  if (fromNs > toNs) return null;
  return { fromMs: sinceLoadMs(fromNs, load), toMs: sinceLoadMs(toNs, load) };
}

/**
 * Cuts the load into before (until the first injection), during (until the last healing: the pauses between faults
 * belong to it, because their aftermath does) and after. Together they are the whole load, in order, without
 * overlap; one that would be empty is left out. Without faults all is `before`.
 */
export function phasesOf(faults: readonly FaultWindow[], load: LoadWindow): readonly Phase[] {
  const toMs = sinceLoadMs(load.loadToNs, load);
  const span = faultSpan(faults, load) ?? { fromMs: toMs, toMs };
  const all: Phase[] = [
    { name: 'before', fromMs: 0, toMs: span.fromMs },
    { name: 'during', fromMs: span.fromMs, toMs: span.toMs },
    { name: 'after', fromMs: span.toMs, toMs },
  ];
  return all.filter((phase) => phase.toMs > phase.fromMs);
}

/** The phase of a moment; what lies past the end belongs to the last. */
export function phaseAt(phases: readonly Phase[], atMs: number): PhaseName | undefined {
  for (let i = phases.length - 1; i >= 0; i--) {
    if (atMs >= phases[i]!.fromMs) return phases[i]!.name;
  }
  return undefined;
}

export function sinceLoadMs(atNs: number, load: LoadWindow): number {
  return (atNs - load.loadFromNs) / 1e6;
}
