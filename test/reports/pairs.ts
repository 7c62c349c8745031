import type { Cell, Manifest, Result } from '../../harness/result.ts';
import { stringifyResult } from '../../reports/validate.ts';

/** The runs that a round is made of: two of the same, and in some rounds one that is slower. */
export const pairRuns = ['base', 'same', 'slow'] as const;
export type PairRun = (typeof pairRuns)[number];

/**
 * Which runs each round has, in the order in which they are carried out. Each round begins with another one, so that
 * no run is always the first after whatever the machine did before.
 */
export function roundsOf({ pairs, slow }: { pairs: number; slow: number }): PairRun[][] {
  return Array.from({ length: pairs }, (_, i) => {
    const runs = pairRuns.slice(0, i < slow ? 3 : 2);
    const first = i % runs.length;
    return [...runs.slice(first), ...runs.slice(0, first)];
  });
}

/** One file of a folder of recorded pairs: a result.json of that run's rounds, with what `compare` reads of each. */
export function recordedFile(manifest: Manifest, rounds: readonly Cell[]): string {
  const result: Result = {
    schemaVersion: 1,
    manifest,
    cells: rounds.map(comparedPart),
  };
  return stringifyResult(result).replace(/\n +/g, '\n');
}

/** The cell without what no comparison of runs looks at: charts, evidence, the texts of its promises. */
export function comparedPart(cell: Cell): Cell {
  return {
    scenario: cell.scenario,
    strategy: cell.strategy,
    round: cell.round,
    seed: cell.seed,
    verdict: cell.verdict,
    ...(cell.reason !== undefined && { reason: cell.reason }),
    members: cell.members,
    instances: cell.instances,
    ratePerSecond: cell.ratePerSecond,
    loadMs: cell.loadMs,
    phases: cell.phases,
    faults: [],
    leaders: [],
    load: cell.load,
    latency: cell.latency,
    operations: cell.operations.map((row) => ({ ...row, fromDueMs: null, fromSendMs: null })),
    cache: cell.cache,
    database: cell.database,
    timeline: {
      bucketMs: cell.timeline.bucketMs,
      fromMs: cell.timeline.fromMs,
      ...{ ok: [], fail: [], info: [], p50Ms: [], p99Ms: [], hitRate: [], databaseQps: [] },
    },
    promises: cell.promises,
    violations: [],
    availability: cell.availability,
    files: cell.files,
  };
}
