import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyChooser } from '../../harness/load/keys.ts';
import { seeded } from '../../harness/random.ts';
import { optimum } from '../../strategies/cache/belady.ts';
import { policies } from '../../strategies/cache/policies.ts';
import { readTrace } from '../../strategies/cache/trace.ts';
import { drive } from '../../strategies/cache/trace-report.ts';
import type { Bench, BenchRow } from './bench.ts';

/** A million references from a file through each policy and OPT: Zipf over 100,000 keys, a cache of 10,000. */
export const bench: Bench = { name: 'cache', run };

const references = 1_000_000;
const keys = 100_000;
const size = 10_000;
const limitSeconds = 2;

async function run(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-bench-cache-'));
  try {
    const file = join(folder, 'trace');
    await writeTrace(file);
    const rows: BenchRow[] = [];
    const { value: trace, seconds: reading } = await timed(() => readTrace(file));
    rows.push({ what: 'reading the trace', value: reading, unit: 's' });
    for (const kind of policies) {
      for (const ttlReferences of [undefined, references / 10]) {
        const { value, seconds } = await timed(() => drive(kind, trace, { size, ttlReferences }));
        const what = `${kind.name}${ttlReferences === undefined ? '' : `, TTL ${ttlReferences}`}`;
        // The reading is counted to each, since a run of one policy pays for it too.
        const total = seconds + reading;
        rows.push(
          { what, value: total, unit: 's', target: `under ${limitSeconds} s`, met: total < limitSeconds },
          { what: `${what}: hits`, value: (100 * value.hits) / references, unit: '%' },
        );
      }
    }
    const opt = await timed(async () => optimum(trace, size));
    const total = opt.seconds + reading;
    rows.push(
      { what: 'OPT', value: total, unit: 's', target: `under ${limitSeconds} s`, met: total < limitSeconds },
      { what: 'OPT: hits', value: (100 * opt.value.hits) / references, unit: '%' },
      // Of the whole process, so together with what ran before.
      { what: 'most memory in use', value: process.resourceUsage().maxRSS / 1_024, unit: 'MiB' },
    );
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeTrace(file: string): Promise<void> {
  const chooser = keyChooser({ kind: 'zipf', theta: 0.99 }, keys, seeded(1));
  const lines: string[] = [];
  for (let i = 0; i < references; i++) lines.push(`user:${chooser.next()}:profile\n`);
  await writeFile(file, lines.join(''));
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const startedAtMs = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - startedAtMs) / 1_000 };
}
