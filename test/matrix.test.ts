import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configurationOf, type Unit, unitsOf, unitsOfShard } from '../harness/matrix.ts';
import { cellsOf } from '../harness/run.ts';
import { profiles } from '../harness/scenario.ts';
import { leaderPartition } from '../scenarios/leader-partition.ts';
import { measurements, scenarios } from '../scenarios/list.ts';
import { steady } from '../scenarios/steady.ts';
import { strategies, variants } from '../strategies/list.ts';

const there = [...strategies, ...variants];
const cells = scenarios
  .filter(({ onlyByName }) => !onlyByName)
  .flatMap((scenario) => {
    const names = (scenario.comparison ?? scenario.watching)?.strategies ?? scenario.strategies;
    return cellsOf(scenario, names ? there.filter(({ name }) => names.includes(name)) : strategies);
  });
const all = unitsOf(cells, measurements, profiles.quick);
const unit = (name: string, expectedMs: number): Unit => ({
  names: [name],
  expectedMs,
  cells: [],
  measurements: [],
});
const namesOf = (units: readonly Unit[]) => units.flatMap(({ names }) => names);

describe('the whole matrix', () => {
  test('has each cell and measurement once, under a name of its own', () => {
    const names = namesOf(all);
    expect(names).toHaveLength(cells.length + measurements.length);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('steady--lease-session');
    expect(names).toContain('cache-comparison--cache-lru--round-3');
    expect(names).toContain('write-serialisation');
  });

  test.each([1, 2, 3, 4, 7])(
    'of %i shards: together all, none twice, no shard much longer than another',
    (of) => {
      const shards = Array.from({ length: of }, (_, i) => unitsOfShard(all, { shard: i + 1, of }));
      expect(namesOf(shards.flat()).sort()).toEqual(namesOf(all).sort());
      const lengths = shards.map((units) => units.reduce((sum, { expectedMs }) => sum + expectedMs, 0));
      const longest = Math.max(...all.map(({ expectedMs }) => expectedMs));
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(longest);
    },
  );

  test('rounds that are held against each other stay on one machine', () => {
    for (const name of ['cache-comparison', 'watch-lag']) {
      expect(all.filter(({ names }) => names.some((one) => one.startsWith(`${name}--`)))).toHaveLength(1);
    }
  });
});

describe('a division', () => {
  const units = fc
    .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 30 })
    .chain((names) =>
      fc.tuple(...names.map((name) => fc.integer({ min: 1, max: 100_000 }).map((ms) => unit(name, ms)))),
    );

  test('whatever the units, each is in exactly one shard, in the order of the matrix', () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 9 }), (units, of) => {
        const shards = Array.from({ length: of }, (_, i) => unitsOfShard(units, { shard: i + 1, of }));
        expect(namesOf(shards.flat()).sort()).toEqual(namesOf(units).sort());
        for (const shard of shards) expect(shard).toEqual(units.filter((one) => shard.includes(one)));
      }),
    );
  });

  test('does not hang on the order in which the units are told', () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 5 }), (units, of) => {
        const turned = [...units].reverse();
        const first = unitsOfShard(units, { shard: 1, of });
        expect(namesOf(unitsOfShard(turned, { shard: 1, of })).sort()).toEqual(namesOf(first).sort());
      }),
    );
  });

  test('the longest goes first, each to whom has the least', () => {
    const some = [unit('a', 3), unit('b', 9), unit('c', 4), unit('d', 5)];
    expect([1, 2].map((shard) => namesOf(unitsOfShard(some, { shard, of: 2 })))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test.each([0, 3, 1.5])('there is no shard %d of 2', (shard) => {
    expect(() => unitsOfShard(all, { shard, of: 2 })).toThrow(`a shard should be from 1 to 2, got ${shard}`);
  });
});

describe('the configuration', () => {
  const of = (change: object, profile = profiles.quick) =>
    configurationOf(unitsOf(cellsOf({ ...steady, ...change }, strategies), [], profile), profile);

  test('is the same of the same', () => {
    expect(of({})).toBe(of({}));
    expect(configurationOf(all, profiles.quick)).toBe(configurationOf(all, profiles.quick));
  });

  test.each([
    ['another rate', { ratePerSecond: 201 }],
    ['other faults', { schedule: leaderPartition.schedule }],
    ['other members', { members: 5 }],
    ['members that are tuned', { tuning: { preVote: true } }],
    ['a bound on a figure', { thresholds: { hitRate: '>0.9' } }],
  ])('is another with %s', (_, change) => {
    expect(of(change)).not.toBe(of({}));
  });

  test('is another in another profile', () => {
    expect(of({}, profiles.nightly)).not.toBe(of({}));
  });
});
