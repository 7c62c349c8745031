import { describe, expect, test } from 'vitest';
import type {
  CacheClass,
  Grade,
  OperationFunction,
  Outcome,
  Source,
} from '../../harness/history/operation.ts';
import type { PhaseName, PromiseState, Result } from '../../harness/result.ts';
import type { Guarantee } from '../../harness/service/strategy.ts';
import { asset } from '../../reports/asset.ts';
import { checkResult, parseResult, ResultInvalid, stringifyResult } from '../../reports/validate.ts';
import { fixture } from './fixture.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const document = (): Json => JSON.parse(stringifyResult(fixture())) as Json;

test('the fixture comes back as it was, open operations included', () => {
  const back = parseResult(stringifyResult(fixture()), 'result.json');
  expect(back).toEqual(fixture());
  const broken = back.cells.find((cell) => cell.verdict === 'broken')!;
  expect(broken.violations[0]!.operations.map((operation) => operation.returnNs)).toContain(
    Number.POSITIVE_INFINITY,
  );
});

/** Every place of the document with its value; array items stand for their first two. */
function* placesOf(value: Json, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (Array.isArray(value))
    for (const i of [0, 1].filter((index) => index < value.length)) yield* placesOf(value[i]!, [...path, i]);
  else if (value !== null && typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) yield* placesOf(inner, [...path, key]);
}

function at(json: Json, path: readonly (string | number)[]): { owner: Record<string, Json>; key: string } {
  let owner = json as Record<string, Json>;
  for (const key of path.slice(0, -1)) owner = owner[key] as Record<string, Json>;
  return { owner, key: String(path.at(-1)) };
}

const optional = new Set(
  'leases gauges thresholds percentiles sample primaryQps replicaQps cacheClasses saturation comparisons watches measurements published command reason latency loadStartNs grade key value swapped dueNs endedNs revision source cache staleMs instance final error schedule options flavour delayMs injectMs healMs'.split(
    ' ',
  ),
);

/** Names that are required in one place and optional in another. */
function mayBeMissing(path: readonly (string | number)[]): boolean {
  const name = String(path.at(-1));
  const parent = path.at(-2);
  if (path.at(-3) === 'thresholds' && name === 'value') return false;
  if (parent === 'manifest' || parent === 'promise') return false;
  if (name === 'cache' && typeof parent === 'number' && path.length === 3) return false;
  if (name === 'key' && path.at(-3) === 'operations') return false;
  return optional.has(name);
}

describe('what is missing or of another type is refused, wherever it is', () => {
  // One cell without faults and the one with violations have every property there is.
  const whole = document() as { cells: { verdict: string }[] };
  whole.cells = [whole.cells[0]!, whole.cells.find((cell) => cell.verdict === 'broken')!];
  const json = whole as unknown as Json;
  const places = [...placesOf(json)];

  test('there are hundreds of such places', () => expect(places.length).toBeGreaterThan(400));

  test('without it', () => {
    for (const path of places.filter((one) => typeof one.at(-1) === 'string')) {
      const { owner, key } = at(json, path);
      const value = owner[key]!;
      delete owner[key];
      const check = expect(() => checkResult(json, 'result.json'), path.join('/'));
      if (mayBeMissing(path)) check.not.toThrow();
      else check.toThrow(ResultInvalid);
      owner[key] = value;
    }
  });

  test('as something else', () => {
    for (const path of places) {
      // A value of an operation may be anything, and so may what is in it.
      if (path.includes('value')) continue;
      const { owner, key } = at(json, path);
      const value = owner[key]!;
      owner[key] = value !== null && typeof value === 'object' ? 'text' : { other: 'type' };
      expect(() => checkResult(json, 'result.json'), path.join('/')).toThrow(ResultInvalid);
      owner[key] = value;
    }
  });

  test('all of it put back, it is accepted', () => checkResult(json, 'result.json'));
});

test('the schema names every property of the fixture: none is let through unseen', () => {
  const named = new Set(propertyNames(JSON.parse(asset('reports/result.schema.json')) as Json));
  for (const path of placesOf(document())) {
    const name = path.at(-1);
    if (typeof name === 'string' && !path.slice(0, -1).includes('value'))
      expect(named, path.join('/')).toContain(name);
  }
});

function propertyNames(schema: Json): string[] {
  if (schema === null || typeof schema !== 'object') return [];
  if (Array.isArray(schema)) return schema.flatMap(propertyNames);
  const own =
    schema.properties !== null && typeof schema.properties === 'object' ? Object.keys(schema.properties) : [];
  return [...own, ...Object.values(schema).flatMap(propertyNames)];
}

// A word that is added to a type fails to compile here; then the schema has to know it too.
const words = {
  promiseState: { kept: true, broken: true, unknown: true } satisfies Record<PromiseState, true>,
  phaseName: { before: true, during: true, after: true } satisfies Record<PhaseName, true>,
  grade: { linearizable: true, session: true, eventual: true } satisfies Record<Grade, true>,
  operationFunction: {
    read: true,
    write: true,
    cas: true,
    delete: true,
    txn: true,
    append: true,
    add: true,
    enqueue: true,
    dequeue: true,
    acquire: true,
    release: true,
    transfer: true,
  } satisfies Record<OperationFunction, true>,
  'promised/properties/guarantee': {
    linearizable: true,
    'no-lost-writes': true,
    'bounded-staleness': true,
    'read-your-writes': true,
    'monotonic-reads': true,
    'monotonic-writes': true,
    'writes-follow-reads': true,
    'bounded-revisions': true,
    'no-duplicated-writes': true,
    'no-resurrected-writes': true,
    fencing: true,
    'lease-truth': true,
    availability: true,
    'members-agree': true,
    'member-revisions': true,
    'no-split-brain': true,
    'process-health': true,
    'member-watches': true,
    watch: true,
    'strict-serializability': true,
    'atomic-visibility': true,
    'kept-sums': true,
    convergence: true,
    'stores-agree': true,
    progress: true,
  } satisfies Record<Guarantee, true>,
  'operation/properties/outcome': { ok: true, fail: true, info: true } satisfies Record<Outcome, true>,
  'operation/properties/source': {
    cache: true,
    etcd: true,
    primary: true,
    replica: true,
  } satisfies Record<Source, true>,
  'operation/properties/cache': {
    hit: true,
    stale: true,
    coalesced: true,
    miss: true,
    refresh: true,
  } satisfies Record<CacheClass, true>,
};

test.each(Object.entries(words))('%s has the same words in the schema as in the types', (place, known) => {
  let part = (JSON.parse(asset('reports/result.schema.json')) as { $defs: Record<string, unknown> }).$defs as
    | Record<string, unknown>
    | undefined;
  for (const key of place.split('/')) part = part?.[key] as Record<string, unknown> | undefined;
  expect(new Set(part?.enum as string[])).toEqual(new Set(Object.keys(known)));
});

describe('the message tells file, place, what was expected and what came', () => {
  const changed = (change: (result: Record<string, never> & Result) => void) => {
    const json = document();
    change(json as never);
    return JSON.stringify(json);
  };
  type Loose = { cells: Record<string, unknown>[]; manifest: Record<string, unknown> };
  test.each<[string, string, string]>([
    ['no JSON', '{"schemaVersion": 1,', 'out/result.json: the file should be JSON, got '],
    ['a list', '[]', 'out/result.json: the document should be of type object, got []'],
    ['nothing', '{}', 'out/result.json: schemaVersion should be there, got nothing'],
    [
      'another version',
      '{"schemaVersion":2}',
      'out/result.json: schemaVersion should be 1, the only version that this faultline reads (render it with the faultline that wrote it), got 2',
    ],
    [
      'a missing seed',
      changed((result) => delete (result as unknown as Loose).manifest.seed),
      'out/result.json: manifest/seed should be there, got nothing',
    ],
    [
      'a verdict that is none',
      changed((result) => {
        (result as unknown as Loose).cells[2]!.verdict = 'fine';
      }),
      'out/result.json: cells/2/verdict should be one of kept, broken, unknown, error, got "fine"',
    ],
    [
      'a count below zero',
      changed((result) => {
        (result as unknown as Loose).cells[0]!.members = -1;
      }),
      'out/result.json: cells/0/members should be >= 0, got -1',
    ],
    [
      'a latency that was not finite',
      changed((result) => {
        (
          (result as unknown as Loose).cells[0]!.operations as { fromDueMs: { p99: null } }[]
        )[0]!.fromDueMs.p99 = null;
      }),
      'out/result.json: cells/0/operations/0/fromDueMs/p99 should be of type number, got null',
    ],
    [
      'a kept cell with a broken promise in it',
      changed((result) => {
        const cell = (result as unknown as Loose).cells.find((one) => one.verdict === 'broken')!;
        cell.verdict = 'kept';
      }),
      'out/result.json: cells/5 (leader-partition with write-behind)/verdict should be broken, as its worst promise is, got "kept"',
    ],
    [
      'a kept promise with violations',
      changed((result) => {
        ((result as unknown as Loose).cells[0]!.promises as { violations: number }[])[0]!.violations = 3;
      }),
      'out/result.json: cells/0 (steady with lease-session), promise "linearizable reads and writes" should be broken, since it has 3 violations, got "kept"',
    ],
    [
      'a timeline that ends early',
      changed((result) => {
        ((result as unknown as Loose).cells[0]!.timeline as { info: number[] }).info.pop();
      }),
      'out/result.json: cells/0 (steady with lease-session)/timeline/info should be 120 buckets, like timeline/ok, got 119',
    ],
    [
      'a gauge that ends early',
      changed((result) => {
        (
          (result as unknown as Loose).cells[0]!.timeline as { gauges: { values: number[] }[] }
        ).gauges[1]!.values.pop();
      }),
      'out/result.json: cells/0 (steady with lease-session)/timeline/gauges/1 (memoryMiB of m1) should be 120 buckets, like timeline/ok, got 119',
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseResult(text, 'out/result.json')).toThrow(message);
  });
});
