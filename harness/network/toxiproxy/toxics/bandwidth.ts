import { hold, isChunk, pass, passFirst, type ToxicType, waitUntil } from '../toxic-type.ts';

/** Small enough to flow evenly, large enough for a timer of 1 ms. */
const pieceMs = 20;

/**
 * Limits to `rate` KB/s (1 KB is 1,000 bytes). At rate 0 everything stalls, closes too, until the rate changes or the
 * toxic goes; nothing is lost.
 */
export const bandwidth: ToxicType<'rate'> = {
  type: 'bandwidth',
  attributes: ['rate'],
  start({ nowMs }) {
    let freeAtMs = nowMs;
    return {
      next(head, { rate }, nowMs) {
        if (rate <= 0) {
          // Else a later rate would make up for the time on hold.
          freeAtMs = nowMs;
          return hold;
        }
        if (!isChunk(head)) return pass;
        // KB/s is bytes/ms. Lateness of timers is made up for: the next piece counts from when this one was due.
        const bytes = Math.min(head.bytes.length, Math.max(1, rate * pieceMs));
        const dueMs = Math.max(freeAtMs, head.atMs) + bytes / rate;
        if (nowMs < dueMs) return waitUntil(dueMs);
        // Not so the time for which the next toxic or the receiver would take nothing.
        freeAtMs = Math.max(dueMs, nowMs - 2 * pieceMs);
        return passFirst(bytes);
      },
    };
  },
};
