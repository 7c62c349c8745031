import type { Violation } from '../../harness/checker/checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Random, seeded } from '../../harness/random.ts';
import type {
  Cell,
  ComparisonRow,
  Fault,
  Gauge,
  OperationRow,
  Phase,
  PhaseName,
  PromiseVerdict,
  Quantiles,
  Result,
} from '../../harness/result.ts';

// A result as a run of the quick profile leaves it: three strategies, three scenarios, one promise broken, one
// that could not be judged, one cell whose environment broke.

const strategies = ['lease-session', 'consistency-routing', 'write-behind'] as const;
const scenarios = ['steady', 'leader-partition', 'peer-latency'] as const;
const loadMs = 12_000;
const bucketMs = 100;

export interface Shape {
  readonly strategies?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly seed?: number;
}

/** The fixture; more strategies and scenarios give a larger matrix. */
export function fixture(shape: Shape = {}): Result {
  const seed = shape.seed ?? 42;
  const rows = shape.strategies ?? strategies;
  const columns = shape.scenarios ?? scenarios;
  const cells = columns.flatMap((scenario) =>
    rows.map((strategy) => cellOf(scenario, strategy, seed, seeded(seed).fork(`${scenario}/${strategy}`))),
  );
  return {
    schemaVersion: 1,
    manifest: {
      seed,
      profile: 'quick',
      startedAt: '2026-03-02T03:00:04.120Z',
      finishedAt: '2026-03-02T03:03:31.870Z',
      interrupted: false,
      command: `npx faultline run ${columns.join(' ')} --profile quick --seed ${seed}`,
      versions: { faultline: '0.1.0', node: 'v20.19.5', etcd: '3.4.23', postgres: '18.4' },
      machine: {
        platform: 'linux',
        arch: 'x64',
        cpus: 8,
        cpuModel: 'AMD EPYC 7763 64-Core Processor',
        memoryGiB: 31.3,
      },
    },
    cells,
    comparisons: [
      {
        scenario: 'cache-comparison',
        baseline: 'none',
        rounds: { planned: 3, counted: 3 },
        rows: [comparisonRow('none', 4.1, 0), comparisonRow('cached', 1.3, 0.9)],
        conclusions: [
          'cached has the best hit rate of the 2 in each of 3 rounds: cached 90.0 %, none 0.0 %.',
        ],
        publishedBy: 'somebody else',
      },
    ],
    measurements: [
      {
        scenario: 'write-serialisation',
        note: 'Medians of 5 rounds.',
        headings: ['lost\nof 500', '100 writes\nms'],
        rows: [
          { name: 'noop', figures: [495, 0.021] },
          { name: 'mutex', figures: [0, { median: 0.13, min: 0.12, max: 0.19 }] },
        ],
        state: 'kept',
        reason: 'said all the same',
        conclusions: ['Without serialisation 495 of 500 increments were lost.'],
      },
    ],
    saturation: rows.flatMap((strategy, s) =>
      [1, 8, 32].map((connections) => ({
        strategy,
        connections,
        seconds: 5,
        requests: 5 * connections * (900 - s * 130),
        requestsPerSecond: connections * (900 - s * 130),
        latencyMs: quantiles(5 * connections * (900 - s * 130), 1.1 + s * 0.3 + connections / 16, 6),
        cpuMicrosPerRequest: 210 + 37 * s,
        outcomes: { ok: 5 * connections * (900 - s * 130), fail: 0, info: 0 },
        state: 'kept' as const,
      })),
    ),
  };
}

function comparisonRow(strategy: string, averageMs: number, hitRate: number): ComparisonRow {
  const around = (median: number) => ({ median, min: median * 0.9, max: median * 1.1 });
  return {
    strategy,
    averageMs: around(averageMs),
    p99Ms: around(averageMs * 8),
    hitRate: around(hitRate),
    databaseQps: around(400 * (1 - hitRate)),
    databaseQpsOverBaseline: hitRate === 0 ? null : around(-400 * hitRate),
    queriesPerRequest: around(1 - hitRate),
    missesPerRequest: around(1 - hitRate),
    refreshesPerRequest: around(hitRate / 20),
    published: { averageMs: 15.1, hitRate: 0.937, databaseQps: 1_800 },
  };
}

/** Every optional field is there too: tests of the schema take fields away one by one. */
function cellOf(scenario: string, strategy: string, seed: number, random: Random): Cell {
  const faulty = scenario !== 'steady';
  const broke = scenario === 'peer-latency' && strategy === 'lease-session';
  const broken = scenario === 'leader-partition' && strategy === 'write-behind';
  const unjudged = scenario === 'peer-latency' && strategy === 'consistency-routing';
  const faults = faulty ? faultsOf(scenario) : [];
  const phases: Phase[] = faulty
    ? [
        { name: 'before', fromMs: 0, toMs: 4_000 },
        { name: 'during', fromMs: 4_000, toMs: 8_000 },
        { name: 'after', fromMs: 8_000, toMs: loadMs },
      ]
    : [{ name: 'before', fromMs: 0, toMs: loadMs }];
  const base = {
    scenario,
    strategy,
    seed,
    command: `npx faultline run ${scenario} --strategy ${strategy} --profile quick --seed ${seed}`,
    members: 3,
    instances: 2,
    ratePerSecond: 400,
    files: {
      history: `${scenario}/${strategy}/history.jsonl`,
      logs: `${scenario}/${strategy}/logs`,
      schedule: `${scenario}/${strategy}/schedule.json`,
    },
    schedule: faults.map(({ nemesis, fromMs, toMs }) => ({
      nemesis,
      atMs: fromMs,
      forMs: toMs - fromMs,
      options: { flavour: 'hold', delayMs: 40 },
    })),
  };
  if (broke)
    return {
      ...base,
      verdict: 'error',
      reason:
        'm2 did not become ready in 10000 ms; its last output was: listen tcp 127.0.0.1:23790: bind: address already in use',
      phases: [],
      faults: [],
      leaders: [],
      load: {
        offered: 0,
        sent: 0,
        dropped: 0,
        outcomes: { ok: 0, fail: 0, info: 0 },
        sendLagMs: { p50: 0, p99: 0, max: 0 },
      },
      latency: [],
      operations: [],
      cache: [],
      database: [],
      timeline: {
        bucketMs,
        fromMs: 0,
        ok: [],
        fail: [],
        info: [],
        p50Ms: [],
        p99Ms: [],
        hitRate: [],
        databaseQps: [],
      },
      promises: [],
      violations: [],
      availability: { worstOkShareDuring: null, downMs: null, recoveryMs: null },
    };
  const partition = scenario !== 'steady' && scenario !== 'peer-latency';
  const timeline = timelineOf({ partition, slow: scenario === 'peer-latency', strategy, random });
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const outcomes = { ok: sum(timeline.ok), fail: sum(timeline.fail), info: sum(timeline.info) };
  const sent = outcomes.ok + outcomes.fail + outcomes.info;
  const operations = phases.flatMap((phase) => rowsOf(phase.name, timeline, random, partition));
  const promises = promisesOf(strategy, outcomes.ok, broken, unjudged);
  return {
    ...base,
    ...(partition && {
      leases: [
        { holder: 's1', epoch: 12, believed: [-400, 4_900], held: [-420, 5_100] },
        { holder: 's1', epoch: 480, believed: [6_200, 11_900], held: [6_100, 12_000] },
        { holder: 's2', epoch: 14, believed: null, held: [-390, 12_000] },
      ],
      watches: [
        {
          condition: 'normal',
          changes: 1_200,
          missed: 37,
          duplicated: 0,
          outOfOrder: 0,
          late: 74,
          repaired: 0,
          delayP50Ms: 3.2,
          delayP99Ms: null,
        },
      ],
    }),
    verdict: broken ? 'broken' : unjudged ? 'unknown' : 'kept',
    ...(unjudged ? { reason: 'a promise could not be judged' } : {}),
    phases,
    faults,
    leaders: partition
      ? [
          { atMs: -1_000, leader: 'm1', term: 2 },
          { atMs: 4_310, leader: null, term: 2 },
          { atMs: 5_020, leader: 'm3', term: 3 },
        ]
      : [{ atMs: -1_000, leader: 'm1', term: 2 }],
    load: { offered: sent, sent, dropped: 0, outcomes, sendLagMs: { p50: 0.12, p99: 1.4, max: 6.2 } },
    latency: phases.map((phase) => {
      const slow = phase.name === 'during' ? (partition ? 900 : 160) : 9;
      return {
        phase: phase.name,
        fromDueMs: quantiles(Math.round(outcomes.ok / phases.length), 2.1, slow),
        fromSendMs: quantiles(Math.round(outcomes.ok / phases.length), 1.9, slow * 0.95),
      };
    }),
    percentiles: phases.map((phase) => ({
      phase: phase.name,
      points: [
        [0, 0.8],
        [50, 2.1],
        [75, 4.25],
        [100, 12],
      ] as const,
    })),
    sample: {
      of: outcomes,
      shown: { ok: 2, fail: 1, info: 1 },
      atMs: [120, 4_100, 4_200, 9_000],
      ms: [2.1, 1_000, 1_000, 3.4],
      outcomes: 'ofio',
    },
    operations,
    cache: phases.map((phase) => {
      const reads = Math.round((outcomes.ok * 0.8) / phases.length);
      const hit = Math.round(reads * (strategy === 'consistency-routing' ? 0 : 0.86));
      const classes =
        strategy === 'consistency-routing'
          ? { hit: 0, stale: 0, coalesced: 0, miss: 0, refresh: 0 }
          : {
              hit,
              stale: phase.name === 'during' ? 120 : 0,
              coalesced: 31,
              miss: reads - hit - 31,
              refresh: 0,
            };
      const all = classes.hit + classes.stale + classes.coalesced + classes.miss + classes.refresh;
      return { phase: phase.name, reads, classes, hitRate: all === 0 ? null : (all - classes.miss) / all };
    }),
    database: phases.flatMap((phase) => {
      const seconds = (phase.toMs - phase.fromMs) / 1000;
      const row = (role: 'primary' | 'replica', qps: number) => ({
        phase: phase.name,
        role,
        seconds,
        reads: Math.round(qps * seconds * 0.7),
        writes: Math.round(qps * seconds * 0.3),
        queriesPerSecond: qps,
        transactionsPerSecond: qps * 0.9,
      });
      return strategy === 'consistency-routing'
        ? [row('primary', 141.3), row('replica', 258.5)]
        : [row('primary', strategy === 'write-behind' ? 38.25 : 84.5)];
    }),
    timeline,
    promises,
    ...(broken && {
      thresholds: [
        { metric: 'promises.broken', condition: '<2', value: 1, state: 'kept', reason: 'as asked' },
      ],
    }),
    violations: broken ? lostWrites() : [],
    loadStartNs: 0,
    availability: faulty
      ? partition
        ? { worstOkShareDuring: 0.04, downMs: 1_380, recoveryMs: 420 }
        : { worstOkShareDuring: 0.91, downMs: 0, recoveryMs: 210 }
      : { worstOkShareDuring: null, downMs: null, recoveryMs: null },
  };
}

function faultsOf(scenario: string): Fault[] {
  if (scenario === 'peer-latency')
    return [
      {
        nemesis: 'slow-peers',
        sentence: 'every link between members was slowed by 75 ms, give or take 50 ms',
        targets: ['m1->m2', 'm2->m1', 'm1->m3', 'm3->m1', 'm2->m3', 'm3->m2'],
        fromMs: 4_003,
        toMs: 8_006,
        injectMs: 12.4,
        healMs: 6.2,
      },
    ];
  return [
    {
      nemesis: 'isolate-leader',
      sentence: 'm1, the leader, was cut off from m2 and m3 (blackhole)',
      targets: ['m1'],
      fromMs: 4_002,
      toMs: 8_011,
      injectMs: 4.3,
      healMs: 1_240,
    },
  ];
}

function timelineOf(of: { partition: boolean; slow: boolean; strategy: string; random: Random }) {
  const perBucket = 40;
  const buckets = loadMs / bucketMs;
  const ok: number[] = [];
  const fail: number[] = [];
  const info: number[] = [];
  const p50Ms: (number | null)[] = [];
  const p99Ms: (number | null)[] = [];
  const hitRate: (number | null)[] = [];
  const databaseQps: (number | null)[] = [];
  const jitter = (size: number) => (of.random.number() - 0.5) * size;
  for (let i = 0; i < buckets; i++) {
    const atMs = i * bucketMs;
    const offered = Math.max(1, Math.round(perBucket + jitter(14)));
    const during = atMs >= 4_000 && atMs < 8_000;
    const down = of.partition && atMs >= 4_000 && atMs < 5_400;
    const failed = down ? Math.round(offered * 0.55) : during && of.partition ? of.random.integer(0, 3) : 0;
    const open = down ? Math.round(offered * 0.4) : 0;
    ok.push(offered - failed - open);
    fail.push(failed);
    info.push(open);
    const slowed = down ? 700 : during && of.slow ? 130 : during && of.partition ? 4 : 0;
    p50Ms.push(ok[i] === 0 ? null : 2 + of.random.number() * 0.8 + slowed * 0.6);
    p99Ms.push(ok[i] === 0 ? null : 7 + of.random.number() * 5 + slowed * (1 + of.random.number() * 0.3));
    hitRate.push(of.strategy === 'consistency-routing' ? null : Math.min(1, 0.88 + jitter(0.09)));
    databaseQps.push(
      i % 10 === 9 && i < buckets - 1 ? (of.strategy === 'write-behind' ? 38 : 84) + jitter(18) : null,
    );
  }
  const gauge = (of: string, what: Gauge['what'], from: number): Gauge => ({
    of,
    what,
    values: ok.map((_, i) => (of === 'm1' && i >= 100 ? null : from + (i % 7))),
  });
  const gauges = [
    ...['m1', 's1', 'primary'].flatMap((name, i) => [
      gauge(name, 'cpuCores', i / 10),
      gauge(name, 'memoryMiB', 40 + i),
    ]),
    gauge('s1', 'queuedWrites', 3),
    gauge('replica', 'replayLagMs', 12),
    gauge('replica', 'replayLagBytes', 4_096),
  ];
  return { bucketMs, fromMs: 0, ok, fail, info, p50Ms, p99Ms, hitRate, databaseQps, gauges };
}

function rowsOf(
  phase: PhaseName,
  timeline: { ok: number[]; fail: number[]; info: number[] },
  random: Random,
  partition: boolean,
): OperationRow[] {
  const ok = Math.round(timeline.ok.reduce((a, b) => a + b, 0) / 3);
  const slow = phase === 'during' && partition ? 640 : 8;
  const row = (f: OperationRow['f'], part: number, grade?: OperationRow['grade']): OperationRow => ({
    phase,
    f,
    ...(grade === undefined ? {} : { grade }),
    outcomes: {
      ok: Math.round(ok * part),
      fail: phase === 'during' && partition ? random.integer(20, 120) : 0,
      info: phase === 'during' && partition ? random.integer(10, 60) : 0,
    },
    fromDueMs: quantiles(Math.round(ok * part), 1.4 + part * 2, slow),
    fromSendMs: quantiles(Math.round(ok * part), 1.2 + part * 2, slow * 0.9),
  });
  return [
    row('read', 0.35, 'linearizable'),
    row('read', 0.25, 'session'),
    row('read', 0.2, 'eventual'),
    row('write', 0.15),
    row('cas', 0.05),
  ];
}

function promisesOf(strategy: string, ok: number, broken: boolean, unjudged: boolean): PromiseVerdict[] {
  const kept = (text: string, promise: PromiseVerdict['promise'], operations: number): PromiseVerdict => ({
    promise,
    text,
    state: 'kept',
    operations,
    violations: 0,
  });
  const lost: PromiseVerdict = broken
    ? {
        promise: { guarantee: 'no-lost-writes', order: 'real-time' },
        text: 'no acknowledged write is lost',
        state: 'broken',
        reason: 'acknowledged writes are missing at the end',
        operations: 912,
        violations: 2,
      }
    : kept(
        'no acknowledged write is lost',
        { guarantee: 'no-lost-writes', order: 'real-time' },
        Math.round(ok * 0.2),
      );
  const promises = [
    lost,
    kept(
      'eventual reads are at most 1500 ms old',
      { guarantee: 'bounded-staleness', grade: 'eventual', maxStaleMs: 1_500 },
      Math.round(ok * 0.2),
    ),
    kept('all instances agree at the end', { guarantee: 'convergence' }, 200),
    kept(
      'every kind of operation succeeds again within 3 s',
      { guarantee: 'progress', withinMs: 3_000 },
      Math.round(ok / 3),
    ),
  ];
  if (strategy === 'write-behind') return promises;
  return [
    unjudged
      ? {
          promise: { guarantee: 'linearizable' },
          text: 'linearizable reads and writes',
          state: 'unknown',
          reason: 'the search ran out of its budget of 60 s on key k3',
          operations: 1_204,
          violations: 0,
        }
      : kept('linearizable reads and writes', { guarantee: 'linearizable' }, Math.round(ok * 0.55)),
    kept(
      'session reads see own writes',
      { guarantee: 'read-your-writes', grade: 'session' },
      Math.round(ok * 0.45),
    ),
    ...promises,
  ];
}

function lostWrites(): Violation[] {
  const at = (seconds: number) => Math.round(seconds * 1e9);
  const operation = (of: Partial<Operation> & Pick<Operation, 'process' | 'f' | 'value'>): Operation => ({
    key: 'k7',
    outcome: 'ok',
    dueNs: (of.invokeNs ?? 0) - 80_000,
    invokeNs: 0,
    returnNs: 0,
    instance: 's1',
    ...of,
  });
  return [
    {
      checker: 'lost-writes',
      key: 'k7',
      summary:
        'k7: 118 was written by process 3 and acknowledged at 4.02 s, but every instance reads 112 at the end, and nothing overwrote 118',
      atNs: at(12.41),
      operations: [
        operation({
          process: 1,
          f: 'write',
          value: 112,
          invokeNs: at(3.912),
          returnNs: at(3.9141),
          revision: 811,
        }),
        operation({
          process: 3,
          f: 'write',
          value: 118,
          invokeNs: at(4.0187),
          returnNs: at(4.0204),
          source: 'cache',
        }),
        operation({
          process: 6,
          f: 'write',
          value: 121,
          outcome: 'info',
          invokeNs: at(4.204),
          returnNs: Number.POSITIVE_INFINITY,
          endedNs: at(5.204),
          error: 'deadline of 1000 ms passed',
        }),
        operation({
          process: 2,
          f: 'read',
          grade: 'eventual',
          value: 112,
          invokeNs: at(12.4068),
          returnNs: at(12.4101),
          instance: 's2',
          cache: 'miss',
          staleMs: 3.5,
          final: true,
          revision: 811,
        }),
      ],
    },
    {
      checker: 'lost-writes',
      key: 'k19',
      summary: 'k19: the swap from 55 to 131 was acknowledged at 4.02 s, but 55 remains at the end',
      atNs: at(12.43),
      operations: [
        operation({
          process: 4,
          key: 'k19',
          f: 'cas',
          value: [55, 131],
          swapped: true,
          invokeNs: at(4.0198),
          returnNs: at(4.0219),
        }),
        operation({
          process: 2,
          key: 'k19',
          f: 'read',
          grade: 'eventual',
          value: 55,
          invokeNs: at(12.4302),
          returnNs: at(12.4319),
          final: true,
        }),
      ],
    },
  ];
}

function quantiles(count: number, middle: number, tail: number): Quantiles {
  return {
    count,
    mean: middle * 1.2 + tail * 0.02,
    p50: middle,
    p90: middle + (tail - middle) * 0.35,
    p99: Math.max(tail, middle),
    max: Math.max(tail, middle) * 1.31,
  };
}
