import { describe, expect, test } from 'vitest';
import { MergeRefused, merge, type Part } from '../harness/merge.ts';
import type { Cell, Manifest, Result } from '../harness/result.ts';
import { fixture } from './reports/fixture.ts';

const recorded = fixture();
const machine = (cpuModel: string): Manifest['machine'] => ({ ...recorded.manifest.machine, cpuModel });
const cells = ['steady--a', 'steady--b', 'mixed--a', 'mixed--b'] as const;
const cell = (name: string): Cell => {
  const [scenario, strategy] = name.split('--') as [string, string];
  return { ...recorded.cells[0]!, scenario, strategy };
};

interface Change {
  readonly manifest?: Partial<Manifest>;
  readonly matrix?: Partial<NonNullable<Manifest['matrix']>>;
  readonly versions?: Partial<Manifest['versions']>;
  readonly cells?: readonly string[];
}

function part(shard: number, own: readonly string[], change: Change = {}): Part {
  const startedAt = `2026-11-22T0${shard}:00:00.000Z`;
  const finishedAt = `2026-11-22T0${shard}:30:00.000Z`;
  const base = recorded.manifest;
  const result: Result = {
    schemaVersion: 1,
    manifest: {
      ...base,
      startedAt,
      finishedAt,
      interrupted: false,
      command: `npx faultline run --all --shard ${shard}/2 --seed 1`,
      versions: { ...base.versions, ...change.versions },
      matrix: {
        cells,
        of: 2,
        configuration: 'abc',
        shards: [{ shard, startedAt, finishedAt, machine: machine(`cpu ${shard}`) }],
        ...change.matrix,
      },
      ...change.manifest,
    },
    cells: (change.cells ?? own).map(cell),
  };
  return { from: `shard-${shard}`, result };
}

const first = (change?: Change) => part(1, ['steady--a', 'mixed--b'], change);
const second = (change?: Change) => part(2, ['steady--b', 'mixed--a'], change);

test('the shards of a matrix are one result, in its order, whatever order they come in', () => {
  const merged = merge([second(), first()]);
  expect(merged.cells.map(({ scenario, strategy }) => `${scenario}--${strategy}`)).toEqual(cells);
  expect(merged.manifest).toMatchObject({
    startedAt: '2026-11-22T01:00:00.000Z',
    finishedAt: '2026-11-22T02:30:00.000Z',
    interrupted: false,
    command: 'npx faultline run --all --seed 1',
  });
  expect(merged.manifest.matrix!.shards.map((one) => [one.shard, one.machine.cpuModel])).toEqual([
    [1, 'cpu 1'],
    [2, 'cpu 2'],
  ]);
});

test('comparisons and measurements are taken as they are', () => {
  const table = {
    scenario: 'one',
    note: '',
    headings: [],
    rows: [],
    state: 'kept',
    conclusions: [],
  } as const;
  const with1 = first();
  const merged = merge([{ ...with1, result: { ...with1.result, measurements: [table] } }, second()]);
  expect(merged.measurements).toEqual([table]);
  expect(merged).not.toHaveProperty('comparisons');
});

test('a shard that was cut short makes the whole one that was; what it lacks is not hidden', () => {
  const merged = merge([first({ manifest: { interrupted: true }, cells: ['steady--a'] }), second()]);
  expect(merged.manifest.interrupted).toBe(true);
  expect(merged.cells).toHaveLength(3);
});

describe('what does not belong together is refused, with every reason', () => {
  const none = { manifest: { matrix: undefined as never } };
  const table: readonly [string, readonly Part[], readonly string[]][] = [
    ['nothing', [], ['there is no result']],
    ['a missing shard', [first()], ['shard 2 of 2 is missing']],
    [
      'a shard twice',
      [first(), second(), { ...second(), from: 'copy' }],
      ['shard 2 of 2 is there 2 times: shard-2, copy'],
    ],
    [
      'another seed',
      [first(), second({ manifest: { seed: 7 } })],
      [`seed: expected 42, as in shard-1, got 7 in shard-2`],
    ],
    [
      'another profile and version',
      [first(), second({ manifest: { profile: 'nightly' }, versions: { etcd: '3.5.0' } })],
      [
        'profile: expected quick, as in shard-1, got nightly in shard-2',
        'etcd: expected 3.4.23, as in shard-1, got 3.5.0 in shard-2',
      ],
    ],
    [
      'another configuration',
      [first(), second({ matrix: { configuration: 'xyz' } })],
      ['configuration: expected abc, as in shard-1, got xyz in shard-2'],
    ],
    [
      'another division',
      [first(), second({ matrix: { of: 3 } })],
      ['number of shards: expected 2, as in shard-1, got 3 in shard-2'],
    ],
    [
      'a cell that is missing, though its shard ended well',
      [first(), second({ cells: ['steady--b'] })],
      ['the cell mixed--a is missing'],
    ],
    [
      'a cell twice',
      [first(), second({ cells: ['steady--b', 'mixed--a', 'steady--a'] })],
      ['the cell steady--a is there 2 times: shard-1, shard-2'],
    ],
    [
      'a cell of another matrix',
      [first({ cells: ['steady--a', 'mixed--b', 'odd--a'] }), second()],
      ['odd--a in shard-1 is no cell of this matrix'],
    ],
    [
      'a run that is no shard',
      [first(), second(none)],
      ['shard-2 is of no matrix: run it with --all and --shard'],
    ],
  ];
  test.each(table)('%s', (_, parts, reasons) => {
    let refused: unknown;
    try {
      merge(parts);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(MergeRefused);
    expect((refused as MergeRefused).reasons).toEqual(reasons);
  });
});
