import type { Cell } from '../result.ts';

/** Shorter loads end while programs still warm up: nothing can be said of their memory. */
const leastMs = 300_000;
/** A process that holds less than this is taken to hold it: a megabyte more is no growth of a small one. */
const leastMiB = 32;

/**
 * What the process that grew most held in the last quarter of the load, for each byte in the second: medians, so that a
 * collection more or less changes nothing, and the first quarter is left for warming up. Null where memory was not read,
 * or the load was under five minutes. The command itself is left out: it keeps what it sees until it judges.
 */
export function memoryGrowth({ timeline: { gauges = [], bucketMs } }: Pick<Cell, 'timeline'>): number | null {
  const growths = gauges
    .filter(({ what, of }) => what === 'memoryMiB' && of !== 'faultline')
    .flatMap(({ values }) => {
      if (values.length * bucketMs < leastMs) return [];
      const quarter = Math.floor(values.length / 4);
      const before = median(values.slice(quarter, 2 * quarter));
      const after = median(values.slice(-quarter));
      return before === null || after === null
        ? []
        : [Math.max(after, leastMiB) / Math.max(before, leastMiB)];
    });
  return growths.length === 0 ? null : Math.max(...growths);
}

function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
