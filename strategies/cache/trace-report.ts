import { optimum, type TraceCount } from './belady.ts';
import { policyNamed } from './policies.ts';
import { checkSize, type PolicyKind } from './policy.ts';
import { readTrace, type Trace, traceOf } from './trace.ts';

/** A TraceRow is what a trace made of one policy. Its loads are those of its misses and of its refreshes. */
export interface TraceRow extends TraceCount {
  /** A policy's name, or OPT. */
  readonly policy: string;
  readonly references: number;
  /** From 0 to 1. */
  readonly hitRate: number;
}

/**
 * Time in a trace is virtual: one tick a reference, and a load takes none. A trace only reads, so without a life for
 * its entries nothing is ever reloaded and all caching policies are the same: least recently used. With
 * `ttlReferences` entries that are not loaded again in time end, and refresh-ahead shows what it saves: an access in
 * the last part of an entry's life (`refreshBelow`, a share) is a hit, and its reload is done before the next one.
 */
export interface TraceOptions {
  /** Names, in the order of the rows. */
  readonly policies: readonly string[];
  /** How many keys each cache holds. */
  readonly size: number;
  /** What is loaded at reference i is no longer given at reference i + ttlReferences. No end when left out. */
  readonly ttlReferences?: number;
  readonly refreshBelow?: number;
}

/**
 * The rows of `faultline cache`: each policy driven over the file, and OPT last. Throws RangeError for an unknown
 * policy or a size out of its range, TraceUnreadable for the file; before it reads it where it can.
 */
export async function cacheTraceReport(
  options: TraceOptions & { readonly file: string },
): Promise<TraceRow[]> {
  const kinds = checkedKinds(options);
  return rowsOf(kinds, await readTrace(options.file), options);
}

/** The same for references that are at hand. */
export async function runTrace(references: Iterable<string>, options: TraceOptions): Promise<TraceRow[]> {
  const kinds = checkedKinds(options);
  return rowsOf(kinds, traceOf(references), options);
}

function checkedKinds({ policies, size, ttlReferences }: TraceOptions): PolicyKind[] {
  checkSize(size);
  if (ttlReferences !== undefined && !(Number.isSafeInteger(ttlReferences) && ttlReferences >= 1)) {
    throw new RangeError(`the TTL should be a whole number of references of 1 or more, got ${ttlReferences}`);
  }
  if (policies.length === 0) throw new RangeError('at least one cache policy should be named, got none');
  return policies.map(policyNamed);
}

async function rowsOf(
  kinds: readonly PolicyKind[],
  trace: Trace,
  options: TraceOptions,
): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  for (const kind of kinds) rows.push(rowOf(kind.name, trace, await drive(kind, trace, options)));
  rows.push(rowOf('OPT', trace, optimum(trace, options.size)));
  return rows;
}

function rowOf(policy: string, { references: { length } }: Trace, count: TraceCount): TraceRow {
  return { policy, references: length, ...count, hitRate: length === 0 ? 0 : count.hits / length };
}

/** Drives one policy over a trace. */
export async function drive(
  kind: PolicyKind,
  { keys, references }: Trace,
  { size, ttlReferences, refreshBelow }: Pick<TraceOptions, 'size' | 'ttlReferences' | 'refreshBelow'>,
): Promise<TraceCount> {
  let tick = 0;
  const there = { value: true, revision: 1 };
  const cache = kind.create({
    load: async () => there,
    size,
    ttlMs: ttlReferences,
    refreshBelow,
    nowMs: () => tick,
  });
  for (; tick < references.length; tick++) {
    const answer = await cache.get(keys[references[tick]!]!);
    if (answer.class === 'refresh') await cache.settled();
  }
  const { classes, loads, evictions } = cache.stats();
  await cache.close();
  return { hits: classes.hit + classes.refresh, loads, evictions };
}
