import { describe, expect, test } from 'vitest';
import { availabilityOf } from '../../harness/measure/availability.ts';
import { Buckets } from '../../harness/measure/buckets.ts';

/**
 * Each character is a bucket of 250 ms with 100 operations: '#' all ok in 10 ms, 's' all ok in 400 ms (slow), '9' 99
 * ok, '5' 50 ok, '.' none ok, ' ' nothing was due.
 */
function load(picture: string): Buckets {
  const buckets = new Buckets({ loadMs: picture.length * 250, bucketMs: 250 });
  [...picture].forEach((sign, bucket) => {
    const due = sign === ' ' ? 0 : 100;
    const ok = { '#': 100, s: 100, '9': 99, '5': 50, '.': 0, ' ': 0 }[sign]!;
    for (let i = 0; i < due; i++) {
      const outcome = i < ok ? 'ok' : 'info';
      buckets.add(
        { process: 1, f: 'write', key: 'k', value: i, outcome, invokeNs: 0, returnNs: 0 },
        bucket * 250 + i,
        sign === 's' ? 400 : 10,
      );
    }
  });
  return buckets;
}

describe('availabilityOf', () => {
  test.each([
    //                                      0   1   2   3   4   5   s
    ['the fault was not felt', /*         */ '########################', 2_000, 4_000, 1, 0, 0],
    ['down while it lasted', /*           */ '########........########', 2_000, 4_000, 0, 2_000, 0],
    ['up again before it was healed', /*  */ '########....############', 2_000, 4_000, 0, 1_000, 0],
    ['down for longer than it lasted', /* */ '########............####', 2_000, 4_000, 0, 3_000, 1_000],
    ['half down', /*                      */ '########5555############', 2_000, 4_000, 0.5, 1_000, 0],
    ['it never came back', /*             */ '########................', 2_000, 4_000, 0, null, null],
    ['not steady long enough to tell', /* */ '########.............###', 2_000, 4_000, 0, null, null],
    ['the dip came late', /*              */ '############....########', 2_000, 4_000, 0, 2_000, 0],
    ['back, but slow for a second', /*    */ '########....####ssss####', 2_000, 4_000, 0, 1_000, 1_000],
    ['one failure in a hundred is steady', /*       */ '########....999999999999', 2_000, 4_000, 0, 1_000, 0],
    ['nothing was due for a while', /*    */ '########....    ########', 2_000, 4_000, 0, 1_250, 0],
    ['worse before than after', /*        */ '5555555555555555########', 2_000, 4_000, 0.5, 0, 0],
    ['a relapse does not count as down', /**/ '########..######..######', 2_000, 5_000, 0, 500, 0],
    ['from the beginning on', /*          */ '........################', 0, 2_000, 0, 2_000, 0],
  ] as const)('%s', (_, picture, fromMs, toMs, worstOkShareDuring, downMs, recoveryMs) => {
    expect(availabilityOf(load(picture), { fromMs, toMs })).toEqual({
      worstOkShareDuring,
      downMs,
      recoveryMs,
    });
  });

  test('a fault in the middle of a bucket is counted from where it was', () => {
    const { downMs, recoveryMs } = availabilityOf(load('########........########'), {
      fromMs: 2_100,
      toMs: 3_900,
    });
    expect({ downMs, recoveryMs }).toEqual({ downMs: 1_900, recoveryMs: 100 });
  });

  test('without faults there is nothing to tell', () => {
    expect(availabilityOf(load('########'), null)).toEqual({
      worstOkShareDuring: null,
      downMs: null,
      recoveryMs: null,
    });
  });

  test('a width that is none is refused', () => {
    expect(() => new Buckets({ loadMs: 1_000, bucketMs: 0 })).toThrow('bucketMs should be above 0, got 0');
  });
});
