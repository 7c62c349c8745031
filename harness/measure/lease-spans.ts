import type { Observation } from '../history/observation.ts';
import type { LeaseSpan } from '../result.ts';
import { type LoadWindow, sinceLoadMs } from './phases.ts';

interface Open {
  readonly holder: string;
  readonly epoch: number;
  believed: [number, number] | null;
  held: [number, number] | null;
}

/**
 * From when to when each registration was seen at any member, and its holder said that it lived: what a picture of
 * belief and truth is drawn from. It judges nothing. An answer was true at some moment between question and answer, so
 * a span is from the first question to the last answer. Leases of a resource that several compete for are not in it.
 */
export function leaseSpans(observations: readonly Observation[], load: LoadWindow): readonly LeaseSpan[] {
  const spans = new Map<string, Open>();
  const of = (holder: string, epoch: number): Open => {
    const name = `${epoch} ${holder}`;
    const known = spans.get(name) ?? { holder, epoch, believed: null, held: null };
    spans.set(name, known);
    return known;
  };
  for (const one of observations) {
    if (one.kind === 'leases') {
      for (const { holder, epoch } of one.held) {
        const span = of(holder, epoch);
        span.held = widened(span.held, one, load);
      }
    } else if (one.kind === 'belief' && one.alive && one.resource === undefined) {
      const span = of(one.holder, one.epoch);
      span.believed = widened(span.believed, one, load);
    }
  }
  return [...spans.values()].sort((a, b) => a.holder.localeCompare(b.holder) || a.epoch - b.epoch);
}

function widened(
  span: readonly [number, number] | null,
  { askedNs, answeredNs }: { readonly askedNs: number; readonly answeredNs: number },
  load: LoadWindow,
): [number, number] {
  const [from, to] = [askedNs, answeredNs].map((ns) => Math.round(sinceLoadMs(ns, load) * 10) / 10) as [
    number,
    number,
  ];
  return span === null ? [from, to] : [Math.min(span[0], from), Math.max(span[1], to)];
}
