import { type Item, pass, type ToxicType, waitUntil } from '../toxic-type.ts';

/**
 * Delays what comes by `latency` +/- `jitter` ms from its arrival, in order. A chunk waits from its own arrival and not
 * from the departure of the one ahead, so throughput is not limited (up to 32 MiB under way, as in the original). A
 * close takes as long as the bytes do.
 */
export const latency: ToxicType<'latency' | 'jitter'> = {
  type: 'latency',
  attributes: ['latency', 'jitter'],
  bufferBytes: 32 * 1024 * 1024,
  start({ random }) {
    let drawnFor: Item | undefined;
    let drawnFrom: object | undefined;
    let dueMs = 0;
    return {
      next(head, attributes, nowMs) {
        if (head === undefined) return pass;
        if (drawnFor !== head || drawnFrom !== attributes) {
          const { latency, jitter } = attributes;
          dueMs = head.atMs + latency + (jitter > 0 ? random.number() * 2 * jitter - jitter : 0);
          drawnFor = head;
          drawnFrom = attributes;
        }
        if (nowMs < dueMs) return waitUntil(dueMs);
        head.atMs = Math.max(head.atMs, dueMs);
        return pass;
      },
    };
  },
};
