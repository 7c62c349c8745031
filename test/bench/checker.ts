import { openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFile } from '../../harness/check-file.ts';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import type { Model } from '../../harness/checker/model.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { register } from '../../harness/checker/models/register.ts';
import { encodeOperation } from '../../harness/history/format.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Generated, generate } from '../checker/generate.ts';
import type { Bench, BenchRow } from './bench.ts';

const mixed = { read: 5, write: 3, cas: 2 };
const readsAndWrites = { read: 5, write: 3 };

/** How long the checker takes, for the histories that Porcupine publishes its figures for, and for a million operations. */
export const bench: Bench = {
  name: 'checker',
  async run() {
    return [
      ...manyClients(),
      ...manyTimeouts(),
      hopeless(),
      ...(await aMillion('reads and writes of 1,000 keys', readsAndWrites, 10)),
      ...(await aMillion('reads, writes and compares of 1,000 keys', mixed, 10)),
      ...(await aMillion('reads, writes and compares of 10 keys', mixed, 10, 10)),
    ];
  },
};

/** Porcupine's own example of this size takes 0.23 s. */
function manyClients(): BenchRow[] {
  const size = { clients: 50, keys: 10, operations: 1_700 };
  return [
    decided(
      '1,700 operations, 50 clients, 10 keys, unique values',
      register,
      [{ ...size, seed: 1, mix: mixed }],
      250,
    ),
    decided(
      'the same, 5 values, 2 % info',
      register,
      [{ ...size, seed: 2, mix: mixed, values: 5, infoShare: 0.02 }],
      250,
    ),
    decided(
      'the same as a key-value store with appends',
      kv,
      [{ ...size, seed: 3, mix: { read: 4, write: 2, append: 4 }, strings: true }],
      250,
    ),
  ];
}

/** The shape of Jepsen's etcd histories: 102 of them take Porcupine 0.8 s. */
function manyTimeouts(): BenchRow[] {
  const histories = (infoShare: number): Generated[] =>
    Array.from({ length: 100 }, (_, seed) => ({
      seed,
      clients: 5,
      keys: 1,
      operations: 85,
      mix: { read: 1, write: 1, cas: 1 },
      values: 5,
      infoShare,
    }));
  return [
    decided('100 histories of 85 operations, 20 % info', register, histories(0.2), 800),
    decided('100 histories of 85 operations, 40 % info', register, histories(0.4), 800),
  ];
}

function decided(what: string, model: Model, options: readonly Generated[], targetMs: number): BenchRow {
  const histories = options.map(generate);
  const started = performance.now();
  let valid = 0;
  for (const operations of histories) {
    if (linearizability({ model }).check({ operations, faults: [] }, defaultBudget).valid === true) valid++;
  }
  const value = Math.round(performance.now() - started);
  if (valid !== histories.length)
    throw new Error(`${what}: ${histories.length - valid} valid histories were not found valid`);
  return { what, value, unit: 'ms', target: `under ${targetMs} ms`, met: value < targetMs };
}

/** A key that no search decides: it has to end at its budget and not in the heap. */
function hopeless(): BenchRow {
  const operations: Operation[] = [];
  const at = { key: 'k', outcome: 'ok', invokeNs: 0, returnNs: 100 } as const;
  for (let i = 0; i < 40; i++) {
    operations.push({ ...at, process: i, f: 'cas', value: [i % 7, (i * 3 + 1) % 7] });
    operations.push({ ...at, process: 100 + i, f: 'write', value: i % 7 });
  }
  operations.push({ ...at, process: 0, f: 'write', value: 0, invokeNs: 101, returnNs: 102 });
  operations.push({ ...at, process: 0, f: 'read', value: 1, invokeNs: 103, returnNs: 104 });
  const verdict = linearizability().check({ operations, faults: [] }, { ...defaultBudget, timeMs: 10_000 });
  const mib = Math.round(process.memoryUsage().rss / 2 ** 20);
  return {
    what: 'memory of a hopeless search of 10 s or 4,000,000 memo entries',
    value: mib,
    unit: 'MiB resident',
    target: 'ends unknown, under 1,500 MiB',
    met: verdict.valid === 'unknown' && mib < 1_500,
  };
}

/** Written as a file in blocks, each with keys of its own, so that the bench itself holds little; then read and checked. */
async function aMillion(
  what: string,
  mix: Generated['mix'],
  blocks: number,
  keys = 1_000,
): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  try {
    const path = join(folder, 'history.jsonl');
    const file = openSync(path, 'w');
    const operations = 1_000_000 / blocks;
    for (let block = 0; block < blocks; block++) {
      const made = generate({
        seed: block,
        clients: 50,
        keys: keys / blocks,
        operations,
        mix,
        revisions: true,
      });
      let lines = '';
      for (const operation of made) {
        lines += encodeOperation({
          ...operation,
          key: `b${block}${operation.key}`,
          process: operation.process + 100 * block,
        });
      }
      writeSync(file, lines);
    }
    const [verdict] = await checkFile(path);
    if (verdict.valid !== true)
      throw new Error(`${what}: ${verdict.reason ?? verdict.violations[0]?.summary}`);
    const heapMib = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
    return [
      { what: `1,000,000 ${what}, read and checked`, value: verdict.elapsedMs, unit: 'ms' },
      {
        what: 'heap after it, with what is not yet collected',
        value: heapMib,
        unit: 'MiB',
        target: 'under 600 MiB',
        met: heapMib < 600,
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
