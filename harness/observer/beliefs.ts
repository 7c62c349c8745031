import { request } from 'undici';
import type { Clock } from '../clock.ts';
import type { LeaseBelief } from '../history/observation.ts';

/**
 * What an instance believes of its lease, from its /metrics. Undefined when it does not answer in time, or tells
 * nothing of leases.
 */
export async function askBelief(
  instance: { readonly name: string; readonly url: string },
  asked: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<LeaseBelief | undefined> {
  const { clock, timeoutMs, signal } = asked;
  const askedNs = clock.nowNs();
  try {
    const { body, statusCode } = await request(`${instance.url}/metrics`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      // A connection of its own each time: none is left to be broken by a kill.
      headers: { connection: 'close' },
    });
    const text = await body.text();
    const answeredNs = clock.nowNs();
    const epoch = gauge(text, 'faultline_lease_epoch');
    const aliveMs = gauge(text, 'faultline_lease_alive_ms');
    if (statusCode !== 200 || epoch === undefined || aliveMs === undefined) return undefined;
    return { kind: 'belief', holder: instance.name, epoch, alive: aliveMs > 0, askedNs, answeredNs };
  } catch {
    return undefined;
  }
}

/** The value of a gauge in Prometheus' text format. */
export function gauge(text: string, name: string): number | undefined {
  const value = Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}
