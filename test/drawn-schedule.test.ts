import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawSchedule } from '../harness/drawn-schedule.ts';
import { arrivals } from '../harness/load/arrivals.ts';
import { operations } from '../harness/load/operations.ts';
import { isolateMinority } from '../harness/nemesis/isolate-minority.ts';
import { nemeses } from '../harness/nemesis/list.ts';
import { brokenMembers, largestMinority } from '../harness/nemesis/nemesis.ts';
import { slowPeers } from '../harness/nemesis/slow-peers.ts';
import { seeded } from '../harness/random.ts';
import { type Draw, profiles } from '../harness/scenario.ts';
import { planned } from '../harness/schedule.ts';
import { scheduleText } from '../harness/schedule-file.ts';
import { mixed } from '../scenarios/mixed.ts';

const profileNames = ['quick', 'standard', 'nightly'] as const;
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('the same seed gives the same schedule and the same workload, byte for byte', () => {
  const asked = (seed: number) => {
    const stream = operations(mixed.workload, seed);
    const due = arrivals('poisson', mixed.ratePerSecond, seeded(seed).fork('arrivals'));
    return JSON.stringify(Array.from({ length: 2_400 }, () => [due.nextNs(), stream.next().value]));
  };
  const drawn = (seed: number) => scheduleText(planned(mixed, profiles.quick, seed), seed);
  for (let seed = 1; seed <= 15; seed++) {
    expect(drawn(seed)).toBe(drawn(seed));
    expect(asked(seed)).toBe(asked(seed));
  }
  expect(new Set(Array.from({ length: 15 }, (_, seed) => drawn(seed))).size).toBe(15);
  expect(asked(1)).not.toBe(asked(2));
});

describe('whatever the seed, a drawn schedule', () => {
  const draws = fc.record({
    overlap: fc.double({ min: 0, max: 1, noNaN: true }),
    broken: fc.constantFrom('minority' as const, 'any' as const),
    members: fc.constantFrom(3 as const, 5 as const, 7 as const),
    profile: fc.constantFrom(...profileNames),
    seed: seeds,
  });
  const choices = nemeses.map((nemesis, i) => ({ weight: i + 1, nemesis }));
  const steps = ({
    overlap,
    broken,
    members,
    profile,
    seed,
  }: typeof draws extends fc.Arbitrary<infer T> ? T : never) => {
    const draw: Draw = { choices, firstAtMs: 2_500, forMs: [700, 2_200], gapMs: [300, 900], overlap, broken };
    return planned({ schedule: { draw }, members }, profiles[profile], seed);
  };

  test('leaves the steady state before and the time to recover after', () => {
    fc.assert(
      fc.property(draws, (of) => {
        const { loadMs, recoverMs } = profiles[of.profile];
        const drawn = steps(of);
        expect(drawn.length).toBeGreaterThan(0);
        for (const { atMs, forMs, nemesis } of drawn) {
          expect(atMs).toBeGreaterThanOrEqual(2_500);
          const startMs = nemesis.healsByStarting ? recoverMs * 0.4 : 0;
          expect(atMs + forMs + startMs).toBeLessThanOrEqual(loadMs - recoverMs * 1.375);
          expect(forMs).toBeGreaterThanOrEqual(700);
          expect(Number.isInteger(atMs / 10) && Number.isInteger(forMs / 10)).toBe(true);
        }
      }),
    );
  });

  test('breaks at most a minority of the members at any moment, unless it is asked for more', () => {
    fc.assert(
      fc.property(draws, (of) => {
        const drawn = steps(of);
        for (const { atMs } of drawn) {
          const inForce = drawn.filter((step) => step.atMs <= atMs && atMs < step.atMs + step.forMs);
          const broken = inForce.reduce((sum, { nemesis }) => sum + brokenMembers(nemesis, of.members), 0);
          expect(broken).toBeLessThanOrEqual(of.broken === 'any' ? of.members : largestMinority(of.members));
          const struck = inForce.map(({ nemesis }) => nemesis.strikes);
          expect(new Set(struck).size).toBe(struck.length);
        }
      }),
    );
  });

  test('without overlaps there is a gap between any two faults', () => {
    fc.assert(
      fc.property(draws, (of) => {
        const drawn = steps({ ...of, overlap: 0 });
        drawn.slice(1).forEach(({ atMs }, i) => {
          expect(atMs - (drawn[i]!.atMs + drawn[i]!.forMs)).toBeGreaterThanOrEqual(300);
        });
      }),
    );
  });
});

test('weights say how often each is drawn', () => {
  const draw: Draw = {
    choices: [
      { weight: 3, nemesis: slowPeers() },
      { weight: 1, nemesis: isolateMinority() },
      { weight: 0, nemesis: nemeses[0]! },
    ],
    firstAtMs: 0,
    forMs: [100, 200],
    gapMs: [10, 20],
    overlap: 0,
  };
  const profile = { loadMs: 400_000, recoverMs: 0 };
  const drawn = drawSchedule(draw, { members: 3, profile, timesBy: 1, random: seeded(1) });
  const share = drawn.filter(({ nemesis }) => nemesis.name === 'slow-peers').length / drawn.length;
  expect(drawn.length).toBeGreaterThan(1_000);
  expect(share).toBeGreaterThan(0.7);
  expect(share).toBeLessThan(0.8);
  expect(drawn.some(({ nemesis }) => nemesis.name === nemeses[0]!.name)).toBe(false);
});

test('nothing is drawn where nothing fits: a minority of one member is none', () => {
  const draw: Draw = {
    choices: [{ weight: 1, nemesis: isolateMinority() }],
    firstAtMs: 0,
    forMs: [100, 200],
    gapMs: [10, 20],
    overlap: 1,
  };
  const of = { members: 2, profile: profiles.quick, timesBy: 1, random: seeded(1) };
  expect(drawSchedule(draw, of).length).toBeGreaterThan(0);
  const alone = { weight: 1, nemesis: nemeses.find(({ name }) => name === 'isolate-leader')! };
  expect(drawSchedule({ ...draw, choices: [alone] }, of)).toEqual([]);
});
