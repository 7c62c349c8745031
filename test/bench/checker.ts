import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { checkers, defaultSettings } from '../../harness/checker/list.ts';
import type { Model } from '../../harness/checker/model.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { queue } from '../../harness/checker/models/queue.ts';
import { register } from '../../harness/checker/models/register.ts';
import { encodeOperation } from '../../harness/history/format.ts';
import { grades, type Operation } from '../../harness/history/operation.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';
import { type Generated, generate } from '../checker/generate.ts';
import type { Bench, BenchRow } from './bench.ts';
import type { Million } from './million.ts';

const mixed = { read: 5, write: 3, cas: 2 };
const readsAndWrites = { read: 5, write: 3 };

/** How long the checker takes, for the histories that Porcupine publishes its figures for, and for a million operations. */
export const bench: Bench = {
  name: 'checker',
  async run() {
    return [
      ...manyClients(),
      ...manyTimeouts(),
      ...guarantees(),
      ...hopeless(),
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
    ...decided(
      '1,700 operations, 50 clients, 10 keys, unique values',
      register,
      [{ ...size, seed: 1, mix: mixed }],
      250,
    ),
    ...decided(
      'the same, 5 values, 2 % info',
      register,
      [{ ...size, seed: 2, mix: mixed, values: 5, infoShare: 0.02 }],
      250,
    ),
    ...decided(
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
    ...decided('100 histories of 85 operations, 20 % info', register, histories(0.2), 800),
    ...decided('100 histories of 85 operations, 40 % info', register, histories(0.4), 800),
  ];
}

function decided(what: string, model: Model, options: readonly Generated[], targetMs: number): BenchRow[] {
  const histories = options.map((one) => generate(one));
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  let valid = 0;
  for (const operations of histories) {
    if (linearizability({ model }).check({ operations, faults: [] }, defaultBudget).valid === true) valid++;
  }
  const value = Math.round(performance.now() - startedAtMs);
  const cpu = processorTime(before);
  if (valid !== histories.length)
    throw new Error(`${what}: ${histories.length - valid} valid histories were not found valid`);
  return [{ what, value, unit: 'ms', target: `under ${targetMs} ms`, met: value < targetMs }, cpu];
}

/** Of all threads, those of the garbage collector and of the compiler too: what else the machine does hardly matters to it. */
function processorTime(before: NodeJS.CpuUsage): BenchRow {
  const { user, system } = process.cpuUsage(before);
  return {
    what: 'processor time of that, of all threads',
    value: Math.round((user + system) / 1_000),
    unit: 'ms',
  };
}

/** Checkers that have something to say of reads and writes of keys; the others read what such a history lacks. */
const ofKeys = [
  'lost-writes',
  'staleness',
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
  'staleness-revisions',
  'duplicated-writes',
  'resurrected-writes',
  'fencing',
  'split-brain',
  'availability',
  'progress',
  'convergence',
];

/** Few keys, few values and deletes are hardest for them: a read may have its value from thousands of writes. */
function guarantees(): BenchRow[] {
  const size = { seed: 1, clients: 50, keys: 10, operations: 100_000, infoShare: 0.005 };
  const kinds: readonly (readonly [what: string, options: Generated])[] = [
    ['unique values, revisions', { ...size, mix: mixed, revisions: true }],
    ['5 values', { ...size, mix: mixed, values: 5 }],
    ['a tenth of them deletes', { ...size, mix: { ...readsAndWrites, cas: 1, delete: 1 }, revisions: true }],
  ];
  return kinds.flatMap(([what, options]) => {
    const history = { operations: served(options), faults: [] };
    const took = ofKeys.map((name) => {
      const startedAtMs = performance.now();
      const before = process.cpuUsage();
      const checker = checkers.find((one) => one.name === name)!.make(defaultSettings);
      const { valid } = checker.check(history, defaultBudget);
      if (valid === false) throw new Error(`${name} finds fault with a valid history (${what})`);
      return { name, ms: Math.round(performance.now() - startedAtMs), cpu: processorTime(before) };
    });
    const slowest = took.reduce((x, y) => (y.ms > x.ms ? y : x));
    const row: BenchRow = {
      what: `the slowest of ${ofKeys.length} guarantees over 100,000 operations of 10 keys, ${what}: ${slowest.name}`,
      value: slowest.ms,
      unit: 'ms',
      target: 'under 1,000 ms',
      met: slowest.ms < 1_000,
    };
    return [row, slowest.cpu];
  });
}

/** With reads of every grade at three instances, which all read every key once more when all is over. */
function served(options: Generated): Operation[] {
  const held = new Map<string, unknown>();
  const operations = generate(options, ({ key, kind, value }) => {
    held.set(key, kind === 'put' ? JSON.parse(value!) : null);
  });
  const instances = ['s1', 's2', 's3'];
  const placed = operations.map((one): Operation => {
    const place = one.process % instances.length;
    return { ...one, instance: instances[place]!, ...(one.f === 'read' ? { grade: grades[place]! } : {}) };
  });
  // What nobody waited for has happened by then too, or never.
  const overNs =
    placed.reduce((latest, one) => (one.outcome === 'ok' ? Math.max(latest, one.returnNs) : latest), 0) + 1e6;
  const finals = [...held].flatMap(([key, value], i) =>
    instances.flatMap((instance, j) =>
      grades.map(
        (grade, k): Operation => ({
          process: 1_000_000 + 10 * i + 3 * j + k,
          f: 'read',
          key,
          grade,
          value,
          outcome: 'ok',
          invokeNs: overNs,
          returnNs: overNs + 1,
          instance,
          final: true,
        }),
      ),
    ),
  );
  return [...placed, ...finals];
}

/** Keys that no search decides: each has to end at its budget and not in the heap. */
function hopeless(): BenchRow[] {
  const at = { key: 'k', outcome: 'ok', invokeNs: 0, returnNs: 100 } as const;
  const after = (fromNs: number) => ({ process: 0, invokeNs: fromNs, returnNs: fromNs + 1 });
  const compares: Operation[] = [];
  for (let i = 0; i < 40; i++) {
    compares.push({ ...at, process: i, f: 'cas', value: [i % 7, (i * 3 + 1) % 7] });
    compares.push({ ...at, process: 100 + i, f: 'write', value: i % 7 });
  }
  compares.push(
    { ...at, ...after(101), f: 'write', value: 0 },
    { ...at, ...after(103), f: 'read', value: 1 },
  );
  // Every order of the enqueues is a queue of its own.
  const enqueues = Array.from(
    { length: 40 },
    (_, i): Operation => ({ ...at, process: i, f: 'enqueue', value: i }),
  );
  const never: Operation = { ...at, ...after(101), f: 'dequeue', value: 'never put' };
  return [endsUnknown('compares', register, compares), endsUnknown('a queue', queue, [...enqueues, never])];
}

function endsUnknown(what: string, model: Model, operations: readonly Operation[]): BenchRow {
  const budget = { ...defaultBudget, timeMs: 10_000 };
  const verdict = linearizability({ model }).check({ operations, faults: [] }, budget);
  const mib = Math.round(process.memoryUsage().rss / 2 ** 20);
  return {
    what: `memory of a hopeless search of ${what}, of 10 s or 4,000,000 memo entries`,
    value: mib,
    unit: 'MiB resident',
    target: 'ends unknown, under 1,500 MiB',
    met: verdict.valid === 'unknown' && mib < 1_500,
  };
}

/**
 * Written as a file in blocks, each with keys of its own, so that the bench itself holds little; then read and checked
 * by a process of its own, so that its memory is all that such a check takes, and nothing else.
 */
async function aMillion(
  what: string,
  mix: Generated['mix'],
  blocks: number,
  keys = 1_000,
): Promise<BenchRow[]> {
  await using supervisor = await createSupervisor();
  const folder = await supervisor.temporaryFolder('bench');
  const path = join(folder, 'history.jsonl');
  const file = openSync(path, 'w');
  for (let block = 0; block < blocks; block++) {
    const size = { seed: block, clients: 50, keys: keys / blocks, operations: 1_000_000 / blocks };
    let lines = '';
    for (const one of generate({ ...size, mix, revisions: true }))
      lines += encodeOperation(recorded(one, block));
    writeSync(file, lines);
  }
  closeSync(file);
  const program = await supervisor.spawn({
    name: 'million',
    command: process.execPath,
    args: [builtProgram('test/bench/million.ts'), path],
    logPath: join(folder, 'million.log'),
    ipc: true,
  });
  const told = await new Promise<Million>((resolve, reject) => {
    program.onMessage((message) => resolve(message as Million));
    program.exited
      .then(() => program.lastOutput())
      .then((output) => reject(new Error(`${what}: the check ended without an answer; it wrote: ${output}`)))
      .catch(reject);
  });
  const { verdict, readMs, checkedMs, checkedCpuMs, peakMb } = told;
  if (verdict.valid !== true) throw new Error(`${what}: ${JSON.stringify(verdict).slice(0, 1_000)}`);
  return [
    {
      what: `1,000,000 ${what}, checked`,
      value: Math.round(checkedMs),
      unit: 'ms',
      target: 'under 3,000 ms',
      met: checkedMs < 3_000,
    },
    { what: 'processor time of that, of all threads', value: Math.round(checkedCpuMs), unit: 'ms' },
    { what: 'read before, from JSON Lines', value: Math.round(readMs), unit: 'ms' },
    {
      what: 'the most that its process ever had resident, with Node and the history',
      value: Math.round(peakMb),
      unit: 'MB',
      target: 'under 600 MB',
      met: peakMb < 600,
    },
  ];
}

/** As a run records it: with what was due when, and times of a clock that has run for minutes, beyond 31 bits. */
function recorded(one: Operation, block: number): Operation {
  const laterNs = 60e9 * (block + 1);
  return {
    ...one,
    key: `b${block}${one.key}`,
    process: one.process + 100 * block,
    instance: `s${one.process % 3}`,
    ...(one.f === 'read' ? { grade: 'linearizable' } : {}),
    dueNs: one.invokeNs + laterNs - 100,
    invokeNs: one.invokeNs + laterNs,
    returnNs: one.returnNs + laterNs,
    source: 'etcd',
  };
}
