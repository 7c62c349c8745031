import { expect, test } from 'vitest';
import type { LeaseBelief, LeasesSeen } from '../../harness/history/observation.ts';
import { leaseSpans } from '../../harness/measure/lease-spans.ts';

const load = { loadFromNs: 1e9, loadToNs: 9e9 };
const belief = (holder: string, epoch: number, atS: number, alive = true): LeaseBelief => ({
  kind: 'belief',
  holder,
  epoch,
  alive,
  askedNs: atS * 1e9,
  answeredNs: atS * 1e9 + 10e6,
});
const seen = (member: string, atS: number, held: readonly (readonly [string, number])[]): LeasesSeen => ({
  kind: 'leases',
  member,
  revision: 1,
  held: held.map(([holder, epoch]) => ({ holder, epoch })),
  askedNs: atS * 1e9,
  answeredNs: atS * 1e9 + 20e6,
});

test('a registration is believed in and had from the first question to the last answer, at any member', () => {
  const told = leaseSpans(
    [
      belief('s1', 5, 2),
      belief('s1', 5, 4),
      belief('s1', 5, 6, false),
      seen('m1', 1.5, [['s1', 5]]),
      seen('m2', 3, [['s1', 5]]),
      seen('m1', 5, []),
      seen('m3', 7, [
        ['s1', 90],
        ['s0', 91],
      ]),
    ],
    load,
  );
  expect(told).toEqual([
    { holder: 's0', epoch: 91, believed: null, held: [6_000, 6_020] },
    { holder: 's1', epoch: 5, believed: [1_000, 3_010], held: [500, 2_020] },
    { holder: 's1', epoch: 90, believed: null, held: [6_000, 6_020] },
  ]);
});

test('a lease that several compete for is no session', () => {
  expect(leaseSpans([{ ...belief('s1', 5, 2), resource: 'lock' }], load)).toEqual([]);
});
