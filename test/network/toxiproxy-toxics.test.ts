import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Item, Step, ToxicType } from '../../harness/network/toxiproxy/toxic-type.ts';
import { bandwidth } from '../../harness/network/toxiproxy/toxics/bandwidth.ts';
import { latency } from '../../harness/network/toxiproxy/toxics/latency.ts';
import { limitData } from '../../harness/network/toxiproxy/toxics/limit-data.ts';
import { resetPeer } from '../../harness/network/toxiproxy/toxics/reset-peer.ts';
import { slices } from '../../harness/network/toxiproxy/toxics/slicer.ts';
import { slowClose } from '../../harness/network/toxiproxy/toxics/slow-close.ts';
import { timeout } from '../../harness/network/toxiproxy/toxics/timeout.ts';
import { toxicTypes } from '../../harness/network/toxiproxy/toxics.ts';
import { seeded } from '../../harness/random.ts';

const chunk = (length: number, atMs = 0): Item => ({ bytes: Buffer.alloc(length), atMs });
const finish = (atMs = 0): Item => ({ end: 'finish', atMs });

/** A step in short: 'pass', 'pass 5', 'wait 20', 'hold', ... */
const short = (step: Step): string =>
  step.do === 'wait'
    ? `wait ${step.untilMs}`
    : step.do === 'pass' && step.bytes !== undefined
      ? `pass ${step.bytes}`
      : step.do;

type Asked = [nowMs: number, head: Item | undefined, wanted: string, attributes?: Record<string, number>];

const first = chunk(10);
const big = chunk(5_000);
const end = finish();

test.each<[string, ToxicType, Record<string, number>, Asked[], alreadyOpen?: boolean]>([
  [
    'latency waits from arrival',
    latency,
    { latency: 50, jitter: 0 },
    [
      [0, undefined, 'pass'],
      [10, first, 'wait 50'],
      [50, first, 'pass'],
      [51, finish(20), 'wait 70'],
    ],
  ],
  [
    'latency, lowered while it waits',
    latency,
    { latency: 500, jitter: 0 },
    [
      [0, chunk(1), 'wait 500'],
      [40, chunk(1), 'pass', { latency: 30, jitter: 0 }],
    ],
  ],
  ['latency below 0 is none', latency, { latency: -5, jitter: 0 }, [[0, chunk(1), 'pass']]],
  [
    'bandwidth passes pieces when they are due',
    bandwidth,
    { rate: 100 },
    [
      [0, big, 'wait 20'],
      [20, big, 'pass 2000'],
      [20, big, 'wait 40'],
    ],
  ],
  [
    'bandwidth makes up for a late timer',
    bandwidth,
    { rate: 100 },
    [
      [25, big, 'pass 2000'],
      [25, big, 'wait 40'],
    ],
  ],
  [
    'bandwidth gives no credit for long idleness',
    bandwidth,
    { rate: 100 },
    [[5_000, chunk(2_000, 5_000), 'wait 5020']],
  ],
  [
    'bandwidth 0 holds closes, too',
    bandwidth,
    { rate: 0 },
    [
      [0, first, 'hold'],
      [9, finish(), 'hold'],
      [9, undefined, 'hold'],
      [30, finish(), 'pass', { rate: 1 }],
    ],
  ],
  [
    'slow_close delays the end alone',
    slowClose,
    { delay: 100 },
    [
      [0, first, 'pass'],
      [10, end, 'wait 110'],
      [60, end, 'wait 110'],
      [110, end, 'pass'],
    ],
  ],
  [
    'timeout drops, and closes after the last',
    timeout,
    { timeout: 30 },
    [
      [0, undefined, 'wait 30'],
      [20, first, 'drop'],
      [20, undefined, 'wait 50'],
      [50, undefined, 'close'],
    ],
  ],
  [
    'timeout 0 drops for ever, closes too',
    timeout,
    { timeout: 0 },
    [
      [0, first, 'drop'],
      [9e9, undefined, 'hold'],
      [9e9, finish(), 'drop'],
    ],
  ],
  [
    'reset_peer waits for bytes',
    resetPeer,
    { timeout: 20 },
    [
      [5, undefined, 'pass'],
      [10, first, 'wait 30'],
      [30, first, 'reset'],
    ],
  ],
  [
    'reset_peer on an open connection does not',
    resetPeer,
    { timeout: 20 },
    [
      [5, undefined, 'wait 20'],
      [20, undefined, 'reset'],
    ],
    true,
  ],
  [
    'limit_data passes what is left, then closes',
    limitData,
    { bytes: 15 },
    [
      [0, chunk(10), 'pass 10'],
      [0, undefined, 'pass'],
      [0, chunk(10), 'pass 5'],
      [0, undefined, 'close'],
    ],
  ],
  [
    'limit_data 0 waits for bytes',
    limitData,
    { bytes: 0 },
    [
      [0, undefined, 'pass'],
      [0, first, 'close'],
    ],
  ],
  [
    'limit_data, lowered below what passed',
    limitData,
    { bytes: 50 },
    [
      [0, chunk(20), 'pass 20'],
      [0, chunk(1), 'close', { bytes: 10 }],
    ],
  ],
])('%s', (_what, type, attributes, asked, alreadyOpen = false) => {
  const action = type.start({ random: seeded(1), nowMs: 0, alreadyOpen });
  const steps = asked.map(([nowMs, head, , changed]) =>
    short(action.next(head, changed ?? attributes, nowMs)),
  );
  expect(steps).toEqual(asked.map(([, , wanted]) => wanted));
});

describe('whatever the seed', () => {
  test('jitter stays within its bounds and keeps the order', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(1_000), fc.nat(1_000), (seed, base, jitter) => {
        const action = latency.start({ random: seeded(seed), nowMs: 0, alreadyOpen: false });
        const step = action.next(chunk(1, 5_000), { latency: base, jitter }, 0);
        expect(step.do).toBe('wait');
        const untilMs = step.do === 'wait' ? step.untilMs : 0;
        expect(untilMs).toBeGreaterThanOrEqual(5_000 + base - jitter);
        expect(untilMs).toBeLessThanOrEqual(5_000 + base + jitter);
      }),
    );
  });

  test('slices add up, none is empty, none is larger than average + variation', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: -2, max: 200 }),
        fc.integer({ min: -2, max: 300 }),
        (seed, length, average, variation) => {
          const sizes = slices(length, average, variation, seeded(seed));
          expect(sizes.reduce((a, b) => a + b, 0)).toBe(length);
          expect(Math.min(...sizes)).toBeGreaterThan(0);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.max(1, average) + Math.max(0, variation));
        },
      ),
    );
  });

  test('no toxic of the list adds to what it is given', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...toxicTypes),
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 9_000 })),
        fc.nat(300),
        (type, seed, lengths, value) => {
          const attributes = Object.fromEntries(type.attributes.map((name) => [name, value]));
          const action = type.start({ random: seeded(seed), nowMs: 0, alreadyOpen: false });
          for (const length of lengths) {
            const step = action.next(chunk(length), attributes, 1e9);
            if (step.do === 'pass') expect(step.bytes ?? length).toBeLessThanOrEqual(length);
            if (step.do === 'pass') expect(step.bytes ?? length).toBeGreaterThan(0);
          }
        },
      ),
    );
  });
});
