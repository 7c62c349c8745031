/**
 * The fewest items that still pass, of which none can be left out: delta debugging (ddmin; Zeller and Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input", 2002). Chunks are left out, halves first, then ever smaller ones,
 * until no single item can be. What the paper also does, trying a chunk alone, is left out here: faults that need each
 * other mostly lie in different chunks, and a try that is refused costs the most runs.
 *
 * `passes` is taken to hold for all of `items`; asked of the same items again it should answer the same.
 */
export async function fewest<T>(
  items: readonly T[],
  passes: (fewer: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  if (items.length === 0 || (await passes([]))) return [];
  let rest = items;
  for (let size = Math.ceil(rest.length / 2); ; ) {
    const before = rest;
    for (let from = 0; from < rest.length; ) {
      const fewer = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (fewer.length > 0 && (await passes(fewer))) rest = fewer;
      else from += size;
    }
    // One that could not be left out may be superfluous without a later one that could.
    if (size === 1 && rest === before) return rest;
    size = Math.max(1, Math.ceil(Math.min(size, rest.length) / 2));
  }
}
