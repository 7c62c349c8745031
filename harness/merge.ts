import { cellName } from './cell-name.ts';
import type { Manifest, Result } from './result.ts';

/** A MergeRefused says all that keeps results from being one: a shard that is missing or there twice, another configuration. */
export class MergeRefused extends Error {
  override readonly name = 'MergeRefused';
  constructor(readonly reasons: readonly string[]) {
    super(`these results are not the shards of one matrix:\n${reasons.map((one) => `  ${one}`).join('\n')}`);
  }
}

/** A Part is a result and where it came from, as messages name it. */
export interface Part {
  readonly from: string;
  readonly result: Result;
}

type Matrix = NonNullable<Manifest['matrix']>;
type Sharded = Part & { readonly matrix: Matrix };

/** What has to be the same in all shards, and how a message calls it. */
const same: readonly (readonly [string, (part: Sharded) => string | number])[] = [
  ['seed', ({ result }) => result.manifest.seed],
  ['profile', ({ result }) => result.manifest.profile],
  ['faultline', ({ result }) => result.manifest.versions.faultline],
  ['etcd', ({ result }) => result.manifest.versions.etcd],
  ['PostgreSQL', ({ result }) => result.manifest.versions.postgres],
  ['Toxiproxy', ({ result }) => result.manifest.versions.toxiproxy ?? 'the embedded one'],
  ['Node', ({ result }) => result.manifest.versions.node],
  ['number of shards', ({ matrix }) => matrix.of],
  ['members as tuned', ({ result }) => JSON.stringify(result.manifest.tuning ?? {})],
  ['configuration', ({ matrix }) => matrix.configuration],
];

/**
 * One result of a matrix's shards, its cells in the matrix's order. Comparisons and measurements are whole in one shard
 * and taken as they are. A shard that was cut short makes the whole one that was. @throws MergeRefused, with every reason
 */
export function merge(parts: readonly Part[]): Result {
  const sharded = parts.flatMap((part): Sharded[] => {
    const { matrix } = part.result.manifest;
    return matrix === undefined ? [] : [{ ...part, matrix }];
  });
  const [first] = sharded;
  if (first === undefined || sharded.length < parts.length) {
    const others = parts.filter(({ result }) => result.manifest.matrix === undefined);
    throw new MergeRefused(
      parts.length === 0
        ? ['there is no result']
        : others.map(({ from }) => `${from} is of no matrix: run it with --all and --shard`),
    );
  }
  const reasons = [...differences(first, sharded), ...wrongShards(first.matrix, sharded)];
  // What follows from a difference is no news.
  if (reasons.length === 0) reasons.push(...wrongCells(first.matrix, sharded));
  if (reasons.length > 0) throw new MergeRefused(reasons);

  const results = sharded.map(({ result }) => result);
  const manifests = results.map(({ manifest }) => manifest);
  const place = new Map(first.matrix.cells.map((name, i) => [name, i]));
  const inOrder = <T>(all: readonly T[], nameOf: (one: T) => string) =>
    [...all].sort((a, b) => (place.get(nameOf(a)) ?? 0) - (place.get(nameOf(b)) ?? 0));
  const comparisons = results.flatMap(({ comparisons = [] }) => comparisons);
  const measurements = results.flatMap(({ measurements = [] }) => measurements);
  return {
    schemaVersion: 1,
    manifest: {
      ...first.result.manifest,
      startedAt: manifests.map(({ startedAt }) => startedAt).sort()[0]!,
      finishedAt: manifests
        .map(({ finishedAt }) => finishedAt)
        .sort()
        .at(-1)!,
      interrupted: manifests.some(({ interrupted }) => interrupted),
      command: first.result.manifest.command.replace(/ --shard \S+/, ''),
      matrix: {
        ...first.matrix,
        shards: sharded.flatMap(({ matrix }) => matrix.shards).sort((a, b) => a.shard - b.shard),
      },
    },
    cells: inOrder(
      results.flatMap(({ cells }) => cells),
      cellName,
    ),
    ...(comparisons.length > 0 && { comparisons }),
    ...(measurements.length > 0 && { measurements }),
  };
}

function differences(first: Sharded, all: readonly Sharded[]): string[] {
  return all.flatMap((other) =>
    same
      .filter(([, of]) => of(other) !== of(first))
      .map(
        ([what, of]) =>
          `${what}: expected ${of(first)}, as in ${first.from}, got ${of(other)} in ${other.from}`,
      ),
  );
}

function wrongShards({ of }: Matrix, all: readonly Sharded[]): string[] {
  return Array.from({ length: of }, (_, i) => i + 1).flatMap((shard) => {
    const having = all.filter(({ matrix }) => matrix.shards.some((one) => one.shard === shard));
    if (having.length === 1) return [];
    if (having.length === 0) return [`shard ${shard} of ${of} is missing`];
    return [
      `shard ${shard} of ${of} is there ${having.length} times: ${having.map((one) => one.from).join(', ')}`,
    ];
  });
}

/** Every cell once; one that is missing only where its shard says that it was cut short. */
function wrongCells({ cells }: Matrix, all: readonly Sharded[]): string[] {
  const interrupted = all.some(({ result }) => result.manifest.interrupted);
  const there = all.flatMap(({ from, result }) => [
    ...result.cells.map((cell) => ({ from, name: cellName(cell) })),
    ...(result.measurements ?? [])
      .map(({ scenario }) => ({ from, name: scenario }))
      .filter(({ name }) => cells.includes(name)),
  ]);
  const strange = there.filter(({ name }) => !cells.includes(name));
  return [
    ...strange.map(({ from, name }) => `${name} in ${from} is no cell of this matrix`),
    ...cells.flatMap((cell) => {
      const from = there.filter(({ name }) => name === cell).map((one) => one.from);
      if (from.length === 1 || (from.length === 0 && interrupted)) return [];
      return from.length === 0
        ? [`the cell ${cell} is missing`]
        : [`the cell ${cell} is there ${from.length} times: ${from.join(', ')}`];
    }),
  ];
}
