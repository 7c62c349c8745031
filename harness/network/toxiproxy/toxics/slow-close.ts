import { type Item, isChunk, pass, type ToxicType, waitUntil } from '../toxic-type.ts';

/** Holds back the close of this direction for `delay` ms. */
export const slowClose: ToxicType<'delay'> = {
  type: 'slow_close',
  attributes: ['delay'],
  start() {
    let seen: Item | undefined;
    let seenAtMs = 0;
    return {
      next(head, { delay }, nowMs) {
        if (head === undefined || isChunk(head)) return pass;
        if (seen !== head) {
          seen = head;
          seenAtMs = nowMs;
        }
        return nowMs < seenAtMs + delay ? waitUntil(seenAtMs + delay) : pass;
      },
    };
  },
};
