/**
 * The interval in which a share lies with 95 % confidence when it was seen `hits` times of `of` (Wilson, 1927). Right for
 * few tries too, and never outside of 0 to 1: 5 of 5 says at least 0.57. Throws a RangeError when hits is no part of `of`.
 */
export function wilson(hits: number, of: number): { readonly from: number; readonly to: number } {
  if (!(hits >= 0 && hits <= of)) throw new RangeError(`hits should be from 0 to ${of}, got ${hits}`);
  if (of === 0) return { from: 0, to: 1 };
  const z = 1.959964;
  const share = hits / of;
  const scale = 1 + z ** 2 / of;
  const middle = share + z ** 2 / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  // Rounding must not say that what was seen cannot be.
  return {
    from: hits === 0 ? 0 : Math.max(0, (middle - spread) / scale),
    to: hits === of ? 1 : Math.min(1, (middle + spread) / scale),
  };
}
