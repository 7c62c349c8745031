import fc from 'fast-check';
import type { Violation } from '../../harness/checker/checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type {
  Cell,
  Comparison,
  ComparisonRow,
  Measured,
  PromiseVerdict,
  Quantiles,
  Result,
  SaturationRow,
} from '../../harness/result.ts';

// Any small result that holds to its own schema, with names chosen to break out of whatever they are put into.

export const hostile = [
  '</script><img src=x onerror="alert(1)">',
  '"><img onerror=alert(1) src=http://evil.example/x>',
  "' onmouseover='alert(1)",
  '<!--<script>',
  ']]>',
  '&amp;&bogus;&#0;',
  'line\nend\r::error::injected',
  '\u001b[31mred\u001b[0m\u0007',
  '| a | `b` | [c](http://evil.example) @someone',
  'javascript:alert(1)',
  '../../etc/passwd',
  '//evil.example/x',
  '\ud800 lone \u2028 \u0000 \ufffe',
  '#{2} %0A $& {{x}}',
  '',
  '__proto__',
  '日本語 العربية 🙂',
];

const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 12, unit: 'binary' }));
const count = fc.nat({ max: 2_000_000 });
const signed = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0);
const amount = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }).map((n) => n + 0),
  fc.constantFrom(0, 1, 0.5),
);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((n) => n + 0);
const moment = fc.integer({ min: -5_000, max: 400_000 });
const ns = fc.integer({ min: -5_000_000_000, max: 400_000_000_000 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const outcomes = fc.record({ ok: count, fail: count, info: count });
const phase = fc.constantFrom('before' as const, 'during' as const, 'after' as const);
const grade = fc.constantFrom('linearizable' as const, 'session' as const, 'eventual' as const);
const state = fc.constantFrom('kept' as const, 'broken' as const, 'unknown' as const);
const quantiles: fc.Arbitrary<Quantiles> = fc.record({
  count,
  mean: amount,
  p50: amount,
  p90: amount,
  p99: amount,
  max: amount,
});

const watchRow = fc.record({
  condition: text,
  changes: count,
  missed: count,
  duplicated: count,
  outOfOrder: count,
  late: count,
  repaired: count,
  delayP50Ms: orNull(amount),
  delayP99Ms: orNull(amount),
});

const operation: fc.Arbitrary<Operation> = fc.record(
  {
    process: fc.integer({ min: 0, max: 5 }),
    f: fc.constantFrom('read', 'write', 'cas', 'delete', 'txn', 'append', 'transfer'),
    key: text,
    grade,
    // JSON has no -0, and a value that is not there is not written.
    value: fc.oneof(fc.jsonValue({ maxDepth: 2 }), text).map(asJson),
    swapped: fc.boolean(),
    outcome: fc.constantFrom('ok', 'fail', 'info'),
    dueNs: ns,
    invokeNs: ns,
    returnNs: fc.oneof(ns, fc.constant(Number.POSITIVE_INFINITY)),
    endedNs: ns,
    revision: count,
    source: fc.constantFrom('cache', 'etcd', 'primary', 'replica'),
    cache: fc.constantFrom('hit', 'stale', 'coalesced', 'miss', 'refresh'),
    staleMs: amount,
    instance: text,
    final: fc.boolean(),
    error: text,
  },
  { requiredKeys: ['process', 'f', 'key', 'outcome', 'invokeNs', 'returnNs', 'value'] },
);

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const promised: fc.Arbitrary<PromiseVerdict['promise']> = fc.oneof(
  fc.constantFrom({ guarantee: 'linearizable' as const }, { guarantee: 'convergence' as const }),
  fc.record({
    guarantee: fc.constant('no-lost-writes' as const),
    order: fc.constantFrom('real-time' as const, 'per-instance' as const),
  }),
  fc.record({ guarantee: fc.constant('bounded-staleness' as const), grade, maxStaleMs: amount }),
  fc.record({
    guarantee: fc.constantFrom(
      'strict-serializability' as const,
      'atomic-visibility' as const,
      'kept-sums' as const,
    ),
  }),
  fc.record({ guarantee: fc.constantFrom('read-your-writes' as const, 'monotonic-reads' as const), grade }),
  fc.record({ guarantee: fc.constant('progress' as const), withinMs: amount }),
  fc
    .constantFrom(
      ...([
        'no-duplicated-writes',
        'lease-truth',
        'members-agree',
        'stores-agree',
        'member-revisions',
        'no-split-brain',
        'process-health',
        'member-watches',
      ] as const),
    )
    .map((guarantee) => ({ guarantee })),
  fc.record({
    guarantee: fc.constantFrom('monotonic-writes' as const, 'no-resurrected-writes' as const),
    order: fc.constantFrom('real-time' as const, 'per-instance' as const),
  }),
  fc.record({ guarantee: fc.constant('writes-follow-reads' as const), grade }),
  fc.record({ guarantee: fc.constant('bounded-revisions' as const), grade, maxRevisions: count }),
  fc.record({
    guarantee: fc.constant('fencing' as const),
    scope: fc.constantFrom('key' as const, 'instance' as const),
  }),
  fc.record({
    guarantee: fc.constant('availability' as const),
    grade,
    okShare: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

const promise: fc.Arbitrary<PromiseVerdict> = fc
  .record(
    {
      promise: promised,
      text,
      state,
      reason: text,
      note: text,
      operations: count,
      violations: fc.nat({ max: 30 }),
    },
    { requiredKeys: ['promise', 'text', 'state', 'operations', 'violations'] },
  )
  .map((one) => (one.state === 'broken' ? one : { ...one, violations: 0 }));

const violation: fc.Arbitrary<Violation> = fc.record(
  {
    checker: fc.oneof(fc.constantFrom('linearizability', 'lost-writes', 'staleness'), text),
    key: text,
    summary: text,
    atNs: ns,
    knownIssue: text,
    operations: fc.array(operation, { maxLength: 6 }),
  },
  { requiredKeys: ['checker', 'summary', 'atNs', 'operations'] },
);

const timeline = fc.nat({ max: 12 }).chain((buckets) => {
  const of = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: buckets, maxLength: buckets });
  const gauge = fc.record({
    of: text,
    what: fc.constantFrom('cpuCores', 'memoryMiB', 'queuedWrites', 'replayLagMs', 'replayLagBytes'),
    values: of(orNull(amount)),
  });
  const always = {
    bucketMs: fc.constantFrom(1, 100, 1_000),
    fromMs: moment,
    ok: of(count),
    fail: of(count),
    info: of(count),
    p50Ms: of(orNull(amount)),
    p99Ms: of(orNull(amount)),
    hitRate: of(orNull(share)),
    databaseQps: of(orNull(amount)),
  };
  return fc.record(
    { ...always, gauges: fc.array(gauge, { maxLength: 3 }) },
    { requiredKeys: Object.keys(always) as (keyof typeof always)[] },
  );
});

const small = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });

const machine = fc.record({
  platform: text,
  arch: text,
  cpus: fc.integer({ min: 1, max: 256 }),
  cpuModel: text,
  memoryGiB: amount,
});

const tuning = fc.record(
  {
    heartbeatMs: fc.integer({ min: 10, max: 10_000 }),
    electionMs: fc.integer({ min: 50, max: 50_000 }),
    preVote: fc.boolean(),
    snapshotCount: fc.integer({ min: 1, max: 10_000_000 }),
    quotaBackendBytes: fc.integer({ min: 2 ** 20, max: 2 ** 33 }),
    compactionBatchLimit: fc.integer({ min: 1, max: 1_000_000 }),
    snapshotCatchUpEntries: fc.integer({ min: 1, max: 10_000_000 }),
  },
  { requiredKeys: [] },
);

const cell: fc.Arbitrary<Cell> = fc
  .record(
    {
      scenario: text,
      strategy: text,
      seed: fc.integer(),
      command: text,
      reason: text,
      members: fc.integer({ min: 1, max: 7 }),
      instances: fc.integer({ min: 1, max: 4 }),
      ratePerSecond: amount,
      etcdVersion: text,
      retried: fc.record({ reason: text, files: fc.record({ history: text, logs: text }) }),
      tuning,
      phases: small(fc.record({ name: phase, fromMs: moment, toMs: moment })),
      faults: small(
        fc.record(
          {
            nemesis: text,
            sentence: text,
            targets: small(text),
            fromMs: moment,
            toMs: moment,
            injectMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
            healMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
          },
          { requiredKeys: ['nemesis', 'sentence', 'targets', 'fromMs', 'toMs'] },
        ),
      ),
      leaders: small(fc.record({ atMs: moment, leader: orNull(text), term: count })),
      load: fc.record({
        offered: count,
        sent: count,
        dropped: count,
        outcomes,
        sendLagMs: fc.record({ p50: amount, p99: amount, max: amount }),
      }),
      latency: small(fc.record({ phase, fromDueMs: orNull(quantiles), fromSendMs: orNull(quantiles) })),
      percentiles: small(
        fc.record({
          phase,
          points: fc.array(
            fc.tuple(
              fc.double({ min: 0, max: 100, noNaN: true }).map((n) => n + 0),
              amount,
            ),
            {
              maxLength: 5,
            },
          ),
        }),
      ),
      sample: fc.nat({ max: 6 }).chain((length) => {
        const of = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length });
        return fc.record({
          of: outcomes,
          shown: outcomes,
          atMs: of(moment),
          ms: of(amount),
          outcomes: of(fc.constantFrom('o', 'f', 'i')).map((letters) => letters.join('')),
        });
      }),
      operations: small(
        fc.record(
          {
            phase,
            f: fc.constantFrom('read' as const, 'write' as const, 'cas' as const),
            grade,
            outcomes,
            fromDueMs: orNull(quantiles),
            fromSendMs: orNull(quantiles),
          },
          { requiredKeys: ['phase', 'f', 'outcomes', 'fromDueMs', 'fromSendMs'] },
        ),
      ),
      cache: small(
        fc.record({
          phase,
          reads: count,
          classes: fc.record({ hit: count, stale: count, coalesced: count, miss: count, refresh: count }),
          hitRate: orNull(share),
        }),
      ),
      database: small(
        fc.record({
          phase,
          role: fc.constantFrom('primary' as const, 'replica' as const),
          seconds: amount,
          reads: count,
          writes: count,
          queriesPerSecond: amount,
          transactionsPerSecond: amount,
        }),
      ),
      timeline,
      watches: small(watchRow),
      leases: small(
        fc.record({
          holder: text,
          epoch: fc.nat(),
          believed: orNull(fc.tuple(moment, moment)),
          held: orNull(fc.tuple(moment, moment)),
        }),
      ),
      promises: small(promise),
      thresholds: small(
        fc.record(
          { metric: text, condition: text, value: orNull(signed), state, reason: text },
          { requiredKeys: ['metric', 'condition', 'value', 'state'] },
        ),
      ),
      violations: small(violation),
      loadStartNs: ns,
      availability: fc.record({
        worstOkShareDuring: orNull(share),
        downMs: orNull(amount),
        recoveryMs: orNull(amount),
      }),
      spent: fc.record({ measuredMs: amount, steps: small(fc.record({ step: text, ms: amount })) }),
      files: fc.record({ history: text, logs: text }),
      failed: fc.boolean(),
    },
    {
      requiredKeys: [
        'scenario',
        'strategy',
        'seed',
        'members',
        'instances',
        'ratePerSecond',
        'phases',
        'faults',
        'leaders',
        'load',
        'operations',
        'cache',
        'database',
        'timeline',
        'promises',
        'violations',
        'availability',
        'files',
        'failed',
      ],
    },
  )
  .map(({ failed, ...one }) => {
    const states = one.promises.map((verdict) => verdict.state);
    const worst = states.includes('broken') ? 'broken' : states.includes('unknown') ? 'unknown' : 'kept';
    return { ...one, verdict: failed ? 'error' : worst };
  });

const saturationRow: fc.Arbitrary<SaturationRow> = fc.record(
  {
    strategy: text,
    connections: count,
    seconds: amount,
    requests: count,
    requestsPerSecond: amount,
    latencyMs: quantiles,
    cpuMicrosPerRequest: orNull(amount),
    outcomes,
    state,
    reason: text,
  },
  {
    requiredKeys: [
      'strategy',
      'connections',
      'seconds',
      'requests',
      'requestsPerSecond',
      'latencyMs',
      'cpuMicrosPerRequest',
      'outcomes',
      'state',
    ],
  },
);

const spread = orNull(fc.record({ median: signed, min: signed, max: signed }));

const comparisonRow: fc.Arbitrary<ComparisonRow> = fc.record(
  {
    strategy: text,
    averageMs: spread,
    p99Ms: spread,
    hitRate: spread,
    databaseQps: spread,
    databaseQpsOverBaseline: spread,
    queriesPerRequest: spread,
    missesPerRequest: spread,
    refreshesPerRequest: spread,
    published: fc.record({ averageMs: amount, hitRate: share, databaseQps: signed }),
  },
  {
    requiredKeys: [
      'strategy',
      'averageMs',
      'p99Ms',
      'hitRate',
      'databaseQps',
      'databaseQpsOverBaseline',
      'queriesPerRequest',
      'missesPerRequest',
      'refreshesPerRequest',
    ],
  },
);

const comparison: fc.Arbitrary<Comparison> = fc.record({
  scenario: text,
  baseline: text,
  rounds: fc.record({ planned: count, counted: count }),
  rows: small(comparisonRow),
  conclusions: small(text),
  publishedBy: text,
});

const measured: fc.Arbitrary<Measured> = fc.record(
  {
    scenario: text,
    note: text,
    headings: small(text),
    rows: small(fc.record({ name: text, figures: small(fc.oneof(signed, spread)) })),
    state: fc.constantFrom('kept' as const, 'broken' as const, 'unknown' as const),
    reason: text,
    conclusions: small(text),
  },
  { requiredKeys: ['scenario', 'note', 'headings', 'rows', 'state', 'conclusions'] },
);

export const arbitraryResult: fc.Arbitrary<Result> = fc.record(
  {
    schemaVersion: fc.constant(1 as const),
    manifest: fc.record(
      {
        seed: fc.integer(),
        profile: text,
        startedAt: text,
        finishedAt: text,
        interrupted: fc.boolean(),
        command: text,
        versions: fc.record({ faultline: text, node: text, etcd: text, postgres: text }),
        machine,
        tuning,
        matrix: fc.record({
          cells: small(text),
          of: fc.integer({ min: 1, max: 9 }),
          configuration: text,
          shards: small(
            fc.record({
              shard: fc.integer({ min: 1, max: 9 }),
              startedAt: text,
              finishedAt: text,
              machine,
            }),
          ),
        }),
      },
      {
        requiredKeys: [
          'seed',
          'profile',
          'startedAt',
          'finishedAt',
          'interrupted',
          'command',
          'versions',
          'machine',
        ],
      },
    ),
    cells: fc.array(cell, { maxLength: 3 }),
    saturation: small(saturationRow),
    comparisons: small(comparison),
    measurements: small(measured),
  },
  { requiredKeys: ['schemaVersion', 'manifest', 'cells'] },
);
