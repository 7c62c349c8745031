import { close, drop, hold, type ToxicType, waitUntil } from '../toxic-type.ts';

/**
 * Drops everything and closes the connection `timeout` ms after the last chunk; never when that is 0. Taking it away
 * closes the connection, because bytes are missing in it. Unlike in the original a close is dropped as well: a black
 * hole that lets a FIN through would tell the server what a real one hides.
 */
export const timeout: ToxicType<'timeout'> = {
  type: 'timeout',
  attributes: ['timeout'],
  closesWhenRemoved: true,
  start({ nowMs }) {
    let lastMs = nowMs;
    return {
      next(head, { timeout }, nowMs) {
        if (timeout > 0 && nowMs >= lastMs + timeout) return close;
        if (head !== undefined) {
          lastMs = nowMs;
          return drop;
        }
        return timeout > 0 ? waitUntil(lastMs + timeout) : hold;
      },
    };
  },
};
