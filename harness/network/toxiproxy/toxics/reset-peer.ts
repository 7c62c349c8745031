import { pass, reset, type ToxicType, waitUntil } from '../toxic-type.ts';

/**
 * Resets the connection (RST) `timeout` ms after the first bytes, which are dropped. A connection that is already open
 * is reset `timeout` ms after the toxic was added, also when nothing is sent in it; the original leaves those alone.
 */
export const resetPeer: ToxicType<'timeout'> = {
  type: 'reset_peer',
  attributes: ['timeout'],
  start({ nowMs, alreadyOpen }) {
    let sinceMs = alreadyOpen ? nowMs : undefined;
    return {
      next(head, { timeout }, nowMs) {
        if (head !== undefined) sinceMs ??= nowMs;
        if (sinceMs === undefined) return pass;
        return nowMs < sinceMs + timeout ? waitUntil(sinceMs + timeout) : reset;
      },
    };
  },
};
