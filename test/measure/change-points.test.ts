import { expect, test } from 'vitest';
import { changePoints } from '../../harness/measure/change-points.ts';
import { seeded } from '../../harness/random.ts';

/** Stretches of [length, mean], with noise that has this standard deviation. */
function series(stretches: readonly (readonly [number, number])[], noise: number, seed = 1): number[] {
  const random = seeded(seed);
  const gauss = () => Array.from({ length: 12 }, () => random.number()).reduce((a, b) => a + b, -6);
  return stretches.flatMap(([length, mean]) => Array.from({ length }, () => mean + noise * gauss()));
}

/** The flow of the Nile at Aswan, 1871 to 1970 (Cobb 1978), whose one change is in 1899, the 29th year. */
const nile = [
  1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958,
  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020,
  1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040,
  759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
  744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
];

test.each<[what: string, values: number[], indices: number[]]>([
  ['the Nile', nile, [28]],
  [
    'one step up',
    series(
      [
        [20, 10],
        [20, 14],
      ],
      0.5,
    ),
    [20],
  ],
  [
    'one step down',
    series(
      [
        [30, 100],
        [15, 80],
      ],
      3,
    ),
    [30],
  ],
  [
    'up and down again',
    series(
      [
        [20, 10],
        [20, 15],
        [20, 10],
      ],
      0.6,
    ),
    [20, 40],
  ],
  [
    'three steps over several windows',
    series(
      [
        [40, 10],
        [40, 12],
        [40, 15],
        [40, 9],
      ],
      0.3,
    ),
    [40, 80, 120],
  ],
  [
    'a step without any noise',
    series(
      [
        [12, 1],
        [12, 2],
      ],
      0,
    ),
    [12],
  ],
])('%s', (_, values, indices) => {
  expect(changePoints(values).map(({ index }) => index)).toEqual(indices);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('noise alone has none, seed %i', (seed) => {
  expect(changePoints(series([[60, 10]], 1, seed))).toEqual([]);
});

test('of series of noise at most one in twenty has one', () => {
  // Measured: 9 of 400 series of 60 values, none of 400 of 30. More than the 1 in 1,000 of a single test, because the
  // place that is tested is the one that looks most like a change.
  const alarmed = Array.from({ length: 100 }, (_, i) => series([[60, 10]], 1, 1_000 + i)).filter(
    (values) => changePoints(values).length > 0,
  );
  expect(alarmed.length).toBeLessThanOrEqual(5);
});

test('values that are all the same have none, nor have fewer than ten', () => {
  expect(changePoints(new Array<number>(40).fill(7))).toEqual([]);
  expect(changePoints([1, 1, 1, 1, 1, 9, 9, 9, 9])).toEqual([]);
});

test('a change is suspected first and confirmed when four values bear it out', () => {
  const values = series(
    [
      [20, 10],
      [6, 20],
    ],
    0.3,
  );
  const states = [22, 23, 24].map((length) =>
    changePoints(values.slice(0, length)).map(({ state }) => state),
  );
  expect(states).toEqual([['suspect'], ['suspect'], ['confirmed']]);
});

test('both sides are told', () => {
  const [point] = changePoints(
    series(
      [
        [12, 1],
        [12, 2],
      ],
      0,
    ),
  );
  expect(point).toEqual({ index: 12, before: 1, after: 2, p: 0, state: 'confirmed' });
});
