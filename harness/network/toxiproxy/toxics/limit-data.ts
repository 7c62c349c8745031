import { close, isChunk, pass, passFirst, type ToxicType } from '../toxic-type.ts';

/** Closes the connection once `bytes` have gone through in this direction; updates do not begin the count again. */
export const limitData: ToxicType<'bytes'> = {
  type: 'limit_data',
  attributes: ['bytes'],
  start() {
    let passed = 0;
    let reached = false;
    return {
      next(head, { bytes }) {
        if (reached) return close;
        if (!isChunk(head)) return pass;
        const now = Math.min(head.bytes.length, bytes - passed);
        if (now <= 0) return close;
        passed += now;
        reached = passed >= bytes;
        return passFirst(now);
      },
    };
  },
};
