import type { Random } from '../../../random.ts';
import { type Item, isChunk, pass, passFirst, type ToxicType, waitUntil } from '../toxic-type.ts';

/**
 * Cuts chunks into slices of `average_size` +/- `size_variation` bytes, with `delay` microseconds after each. Timers
 * here tick in milliseconds: of slices that are closer together several leave in one tick, at the right rate.
 */
export const slicer: ToxicType<'average_size' | 'size_variation' | 'delay'> = {
  type: 'slicer',
  attributes: ['average_size', 'size_variation', 'delay'],
  start({ random, nowMs }) {
    let sizes: number[] = [];
    let cutFor: Item | undefined;
    let readyAtMs = nowMs;
    return {
      next(head, attributes, nowMs) {
        if (head === undefined) return pass;
        if (nowMs < readyAtMs) return waitUntil(readyAtMs);
        if (!isChunk(head)) return pass;
        if (sizes.length === 0 || cutFor !== head) {
          sizes = slices(head.bytes.length, attributes.average_size, attributes.size_variation, random);
        }
        // No credit for idle time, but what a late timer lost is made up for.
        readyAtMs = Math.max(readyAtMs, nowMs - 2) + attributes.delay / 1_000;
        cutFor = head;
        return passFirst(sizes.shift()!);
      },
    };
  },
};

/** Sizes that add up to `length`: halved until within the variation of the average, each cut moved a little. */
export function slices(length: number, averageSize: number, sizeVariation: number, random: Random): number[] {
  const average = Math.max(1, averageSize);
  const variation = Math.max(0, sizeVariation);
  const sizes: number[] = [];
  const cut = (size: number): void => {
    if (size <= 1 || size - average <= variation) {
      sizes.push(size);
      return;
    }
    const moved = variation > 0 ? random.integer(-variation, variation - 1) : 0;
    const left = Math.min(size - 1, Math.max(1, Math.floor(size / 2) + moved));
    cut(left);
    cut(size - left);
  };
  cut(length);
  return sizes;
}
