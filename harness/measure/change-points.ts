/** A ChangePoint is where a series begins to be another: the first of the new values. */
export interface ChangePoint {
  readonly index: number;
  /** Means of the stretches on both sides of it. */
  readonly before: number;
  readonly after: number;
  readonly p: number;
  /** suspect: so few values came since that the next may take it back. */
  readonly state: 'suspect' | 'confirmed';
}

/** Fewer values show no change. */
const leastValues = 10;
const windowValues = 50;
/** A candidate is looked for loosely and kept strictly, as Otava does. */
const loosely = 0.01;
const strictly = 0.001;
/** From so many values on after it a change is confirmed. */
const confirmedAfter = 4;

/**
 * Change points of a series by Otava's method: E-divisive in windows of 50 that overlap by half (Matteson and James
 * 2014: the split with the largest energy distance between its sides, then on in both sides), significance by Student's t-test, and
 * candidates that their neighbours do not bear out merged away, the weakest first.
 */
export function changePoints(values: readonly number[]): readonly ChangePoint[] {
  if (values.length < leastValues) return [];
  const found = new Set<number>();
  const step = windowValues / 2;
  for (let from = 0; from === 0 || from + step < values.length; from += step)
    for (const index of splits(values, from, Math.min(values.length, from + windowValues))) found.add(index);
  const kept = [...found].sort((a, b) => a - b);
  for (;;) {
    const judged = kept.map((index, i) =>
      around(values, kept[i - 1] ?? 0, index, kept[i + 1] ?? values.length),
    );
    const weakest = judged.reduce((a, b, i) => (b.p > (judged[a]?.p ?? -1) ? i : a), -1);
    if (weakest < 0 || judged[weakest]!.p <= strictly) return judged;
    kept.splice(weakest, 1);
  }
}

function splits(values: readonly number[], from: number, to: number): number[] {
  const index = bestSplit(values, from, to);
  if (index === null || around(values, from, index, to).p > loosely) return [];
  return [...splits(values, from, index), index, ...splits(values, index, to)];
}

/** Where the energy distance of the two sides, weighted by their lengths, is largest; each side has two values at least. */
function bestSplit(values: readonly number[], from: number, to: number): number | null {
  let best: { index: number; distance: number } | null = null;
  for (let index = from + 2; index <= to - 2; index++) {
    const [left, right] = [values.slice(from, index), values.slice(index, to)];
    const between = (2 * apart(left, right)) / (left.length * right.length);
    const within = (side: readonly number[]) => apart(side, side) / (side.length * (side.length - 1));
    const weight = (left.length * right.length) / (left.length + right.length);
    const distance = weight * (between - within(left) - within(right));
    if (best === null || distance > best.distance) best = { index, distance };
  }
  return best === null ? null : best.index;
}

function apart(left: readonly number[], right: readonly number[]): number {
  let sum = 0;
  for (const a of left) for (const b of right) sum += Math.abs(a - b);
  return sum;
}

function around(values: readonly number[], from: number, index: number, to: number): ChangePoint {
  const [left, right] = [values.slice(from, index), values.slice(index, to)];
  return {
    index,
    before: mean(left),
    after: mean(right),
    p: student(left, right),
    state: values.length - index < confirmedAfter ? 'suspect' : 'confirmed',
  };
}

/** The two-sided p of Student's t-test: pooled, because the variance of two or three values alone means nothing. */
function student(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [mean(left), mean(right)];
  const degrees = left.length + right.length - 2;
  const pooled = (squares(left, a) + squares(right, b)) / degrees;
  // Two stretches without any noise differ certainly, or not at all.
  if (!(pooled > 0)) return a === b ? 1 : 0;
  const squared = (a - b) ** 2 / (pooled * (1 / left.length + 1 / right.length));
  return incompleteBeta(degrees / (degrees + squared), degrees / 2, 0.5);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function squares(values: readonly number[], middle: number): number {
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

/** Regularised, by the continued fraction of DLMF 8.17.22 with Lentz's method. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logGamma(a) - logGamma(b) + logGamma(a + b));
  const tiny = 1e-300;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1) || tiny)];
  let fraction = d;
  for (let m = 1; m < 300; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + term * d || tiny);
      c = 1 + term / c || tiny;
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-12) break;
  }
  return (front * fraction) / a;
}

/** Stirling's series, shifted to where it is exact to twelve digits. */
function logGamma(x: number): number {
  let [shifted, product] = [x, 1];
  while (shifted < 12) product *= shifted++;
  const inverse = 1 / shifted ** 2;
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / shifted;
  return (
    (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
  );
}
