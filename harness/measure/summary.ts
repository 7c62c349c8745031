import type { DatabaseSeries } from '../database/database-series.ts';
import type { FaultWindow, Operation } from '../history/operation.ts';
import type { Readings } from '../readings.ts';
import type {
  Availability,
  CacheRow,
  DatabaseRow,
  LatencyRow,
  OperationRow,
  OperationSample,
  PercentileCurve,
  Phase,
  Timeline,
} from '../result.ts';
import { availabilityOf } from './availability.ts';
import { Buckets } from './buckets.ts';
import { databaseRows, queryRates } from './database-rows.ts';
import { gauges } from './gauges.ts';
import { OperationSampler } from './operation-sample.ts';
import { faultSpan, type LoadWindow, phaseAt, phasesOf, sinceLoadMs } from './phases.ts';
import { CacheRows, LatencyRows, OperationRows } from './rows.ts';

/** Figures are everything a report tells of a run in numbers. */
export interface Figures {
  readonly phases: readonly Phase[];
  readonly latency: readonly LatencyRow[];
  readonly percentiles: readonly PercentileCurve[];
  readonly sample: OperationSample;
  readonly operations: readonly OperationRow[];
  readonly cache: readonly CacheRow[];
  readonly database: readonly DatabaseRow[];
  readonly timeline: Timeline;
  readonly availability: Availability;
}

/**
 * Turns what was recorded into figures, in one pass. An operation belongs to the phase and the bucket in which it
 * was due (sent, where no due time was recorded), so that one which a fault kept waiting counts against the fault.
 * Warm-up (due before the load) and final reads count nowhere; all others count exactly once in `operations` and in
 * `timeline`.
 */
export function measure(
  recorded: LoadWindow & {
    readonly operations: Iterable<Operation>;
    readonly faults: readonly FaultWindow[];
    readonly database?: DatabaseSeries;
    readonly readings?: Readings;
    readonly bucketMs?: number;
  },
): Figures {
  const { operations, faults, database, readings, bucketMs = 250 } = recorded;
  const phases = phasesOf(faults, recorded);
  const buckets = new Buckets({ loadMs: sinceLoadMs(recorded.loadToNs, recorded), bucketMs });
  const operationRows = new OperationRows();
  const latencyRows = new LatencyRows();
  const cacheRows = new CacheRows();
  const sampler = new OperationSampler();

  for (const operation of operations) {
    if (operation.final) continue;
    const dueNs = operation.dueNs ?? operation.invokeNs;
    const dueMs = sinceLoadMs(dueNs, recorded);
    const phase = dueMs < 0 ? undefined : phaseAt(phases, dueMs);
    if (phase === undefined) continue;
    const fromDueMs = (operation.returnNs - dueNs) / 1e6;
    const fromSendMs = (operation.returnNs - operation.invokeNs) / 1e6;
    operationRows.add(phase, operation, fromDueMs, fromSendMs);
    latencyRows.add(phase, operation, fromDueMs, fromSendMs);
    cacheRows.add(phase, operation);
    buckets.add(operation, dueMs, fromDueMs);
    sampler.add(operation.outcome, dueMs, ((operation.endedNs ?? operation.returnNs) - dueNs) / 1e6);
  }

  const [p50Ms, p99Ms] = buckets.latencySeries([0.5, 0.99]) as [(number | null)[], (number | null)[]];
  return {
    phases,
    latency: latencyRows.rows(phases),
    percentiles: latencyRows.percentiles(phases),
    sample: sampler.sample({ loadMs: sinceLoadMs(recorded.loadToNs, recorded) }),
    operations: operationRows.rows(phases),
    cache: cacheRows.rows(phases),
    database: database ? databaseRows(database, phases, recorded) : [],
    timeline: {
      bucketMs,
      fromMs: 0,
      ok: buckets.ok,
      fail: buckets.fail,
      info: buckets.info,
      p50Ms,
      p99Ms,
      hitRate: buckets.hitRates(),
      databaseQps: database
        ? queryRates(database, buckets, recorded)
        : new Array<number | null>(buckets.count).fill(null),
      ...(database && {
        primaryQps: queryRates(database, buckets, recorded, 'primary'),
        replicaQps: queryRates(database, buckets, recorded, 'replica'),
      }),
      cacheClasses: buckets.cacheClasses,
      ...((database || readings) && { gauges: gauges({ readings, database }, buckets, recorded) }),
    },
    availability: availabilityOf(buckets, faultSpan(faults, recorded)),
  };
}
