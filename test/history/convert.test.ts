import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { keyHistory } from '../../harness/checker/key-history.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { models } from '../../harness/checker/models/list.ts';
import { register } from '../../harness/checker/models/register.ts';
import { porcupineData } from '../../harness/checker/porcupine.ts';
import { replay } from '../../harness/checker/replay.ts';
import { Search } from '../../harness/checker/search.ts';
import { type ConvertedFormat, convertHistory } from '../../harness/convert-history.ts';
import type { FaultWindow, History, Operation } from '../../harness/history/operation.ts';
import { readHistory } from '../../harness/history/read-history.ts';
import { info, ok } from '../checker/build.ts';
import { generate } from '../checker/generate.ts';
import { generateBy, specifications } from '../checker/specifications.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-convert-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function through(history: History, format: 'jsonl' | 'edn') {
  const path = join(folder, `${++files}.${format}`);
  await writeFile(path, [...convertHistory(history, format, register)].join(''));
  return readHistory(path);
}

const fault: FaultWindow = {
  nemesis: 'cut-leader',
  sentence: 'm1 was "cut" off',
  targets: ['m1'],
  fromNs: 3,
  toNs: 9,
};

/** In an order that does not depend on the lines', and without the fields that are undefined. */
const plain = (operations: readonly Operation[]) =>
  operations
    .map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)))
    .sort((x, y) => Number(x.invokeNs) - Number(y.invokeNs) || Number(x.process) - Number(y.process));

describe.each(['jsonl', 'edn'] as const)('%s', (format) => {
  const odd = ['k "1"', '', '\n\t\b\f\\b', 'ü🙂', ':k', '#tag', '[1 2]'];
  const table: [name: string, operations: Operation[]][] = [
    ['nothing', []],
    ['one key without a name', [ok.write(1, 0, 1, { key: '' }), ok.read(1, 2, 3, { key: '' })]],
    ['keys and values of odd texts', odd.map((text, i) => ok.write(text, i, i + 1, { key: text || 'k' }))],
    [
      'values of every kind',
      [1.5, -1, 0, true, null, [1, 2], { a: [1, { b: null }] }, 1e-7].map((value, i) =>
        ok.write(value, i, i + 1),
      ),
    ],
    [
      'pairs in a register without a key',
      [ok.write([1, 2], 0, 1, { key: '' }), ok.read([1, 2], 2, 3, { key: '' })],
    ],
    ['compares, first of all', [ok.cas(null, 1, 0, 1), ok.miss(3, 4, 2, 3), info.cas(1, 2, 4, 5)]],
    [
      'transactions',
      [
        ok.txn(
          [
            ['r', 'x', null],
            ['w', 'y', 1],
          ],
          0,
          1,
          { key: '' },
        ),
        ok.write(1, 2, 3, { key: 'z' }),
      ],
    ],
    ['of one instant', [ok.write(1, 5, 5), ok.read(1, 5, 5, { process: 1 })]],
    ['open to the end', [info.write(1, 0, 1), info.read(null, 2, 3, { process: 1 })]],
    [
      'all that an operation may have',
      [
        ok.read(1, 0, 1, {
          key: 'k',
          grade: 'session',
          dueNs: 0,
          revision: 8,
          source: 'cache',
          cache: 'stale',
          staleMs: 12,
          instance: 's1',
          final: true,
        }),
        { ...ok.write(1, 2, 3), outcome: 'fail', error: '503 "no"' },
      ],
    ],
  ];
  test.each(table)('keeps %s', async (_, operations) => {
    const history = await through({ operations, faults: [fault] }, format);
    expect(plain(history.operations)).toEqual(plain(operations));
    expect(history.faults).toEqual([fault]);
  });

  it('keeps whatever the models know, and the verdict', async () => {
    for (const specification of specifications) {
      const model = models.find(({ name }) => name === specification.name)!;
      for (let seed = 0; seed < 5; seed++) {
        const operations = generateBy(specification, { seed, clients: 4, operations: 30, infoShare: 0.2 });
        const history = await through({ operations, faults: [] }, format);
        expect(plain(history.operations), `${specification.name} ${seed}`).toEqual(plain(operations));
        const verdict = linearizability({ model }).check(history, defaultBudget);
        expect(verdict.valid).toBe(true);
      }
    }
  });
});

it('edn is what Jepsen writes: keywords, pairs of key and value, and an index in the order of time', () => {
  const operations = [ok.write(1, 0, 2), ok.read(null, 1, 3, { process: 1 })];
  expect([...convertHistory({ operations, faults: [] }, 'edn', register)]).toEqual([
    '{:process 0, :f :write, :type :invoke, :value ["k" 1], :time 0, :index 0}\n',
    '{:process 1, :f :read, :type :invoke, :value ["k" nil], :time 1000000, :index 1}\n',
    '{:process 0, :f :write, :type :ok, :value ["k" 1], :time 2000000, :index 2}\n',
    '{:process 1, :f :read, :type :ok, :value ["k" nil], :time 3000000, :index 3}\n',
  ]);
});

describe('what the visualiser of Porcupine reads', () => {
  it('has a partition a key, ranks for times, and the order that explains all', () => {
    const operations = [
      ok.write(1, 0, 9),
      ok.read(1, 2, 3, { process: 1 }),
      ok.write(2, 4, 5, { key: 'l', process: 7 }),
    ];
    expect(porcupineData({ operations, faults: [fault] }, register)).toEqual({
      Partitions: [
        {
          History: [
            {
              ClientId: 0,
              Start: 0,
              OriginalStart: '0 ns',
              End: 700,
              OriginalEnd: '9 ms',
              Description: 'k: write 1',
              Metadata: '',
            },
            {
              ClientId: 1,
              Start: 300,
              OriginalStart: '2 ms',
              End: 400,
              OriginalEnd: '3 ms',
              Description: 'k: read 1',
              Metadata: '',
            },
          ],
          PartialLinearizations: [
            [
              { Index: 0, StateDescription: '1' },
              { Index: 1, StateDescription: '1' },
            ],
          ],
          Largest: { 0: 0, 1: 0 },
        },
        {
          History: [
            {
              ClientId: 2,
              Start: 500,
              OriginalStart: '4 ms',
              End: 600,
              OriginalEnd: '5 ms',
              Description: 'l: write 2',
              Metadata: '',
            },
          ],
          PartialLinearizations: [[{ Index: 0, StateDescription: '2' }]],
          Largest: { 0: 0 },
        },
      ],
      Annotations: [
        {
          ClientId: 0,
          Tag: 'Faults',
          Start: 100,
          End: 200,
          Description: 'cut-leader',
          Details: 'm1 was "cut" off',
          Annotation: true,
          TextColor: '',
          BackgroundColor: '',
        },
      ],
    });
  });

  it('has the longest order of a part where none explains all, and ends what is open at the end', () => {
    const operations = [ok.write(1, 0, 1), info.write(3, 0, 1), ok.write(2, 2, 3), ok.read(1, 4, 5)];
    const { Partitions } = porcupineData({ operations, faults: [] }, register);
    const { History, PartialLinearizations, Largest } = Partitions[0]!;
    expect(History[1]).toMatchObject({ OriginalEnd: 'never', Metadata: 'no answer' });
    expect(History[1]!.End).toBeGreaterThan(History[3]!.End);
    expect(PartialLinearizations).toEqual([
      [
        { Index: 0, StateDescription: '1' },
        { Index: 2, StateDescription: '2' },
      ],
    ]);
    expect(Largest).toEqual({ 0: 0, 2: 0 });
  });

  it('has only names that Porcupine knows, whatever the history', () => {
    const formats: ConvertedFormat[] = ['porcupine'];
    for (const format of formats) {
      const operations = generate({
        seed: 3,
        clients: 5,
        operations: 50,
        keys: 3,
        infoShare: 0.2,
        mix: { read: 2, write: 2, cas: 1 },
      });
      const text = [...convertHistory({ operations, faults: [] }, format, register)].join('');
      const data = JSON.parse(text) as ReturnType<typeof porcupineData>;
      for (const { History, PartialLinearizations } of data.Partitions) {
        for (const one of History) expect(one.End).toBeGreaterThanOrEqual(one.Start);
        for (const { Index } of PartialLinearizations.flat()) expect(History[Index]).toBeDefined();
      }
    }
  });
});

describe('the order that a search ends with', () => {
  it('explains every answer and keeps to the clock; of an illegal key, those in it', () => {
    let partial = 0;
    for (const specification of specifications) {
      const model = models.find(({ name }) => name === specification.name)!;
      for (let seed = 0; seed < 40; seed++) {
        const operations = generateBy(specification, { seed, clients: 4, operations: 25, infoShare: 0.1 });
        const reads = operations.filter(
          ({ f, outcome }) => (f === 'read' || f === 'dequeue') && outcome === 'ok',
        );
        const broken = seed % 2 === 1 ? reads.at(-1) : undefined;
        const given = operations.map((one) => (one === broken ? { ...one, value: reads[0]!.value } : one));
        const search = new Search(keyHistory(model, given));
        search.run(1_000_000);
        const { order } = search;
        if (search.state === 'illegal') partial++;
        else expect(given.every((one) => one.outcome !== 'ok' || order.includes(one))).toBe(true);
        expect(replay(model, order), `${specification.name} ${seed}`).toHaveLength(order.length);
        let sentNs = Number.NEGATIVE_INFINITY;
        for (const { invokeNs, returnNs } of order) {
          sentNs = Math.max(sentNs, invokeNs);
          expect(returnNs).toBeGreaterThanOrEqual(sentNs);
        }
      }
    }
    expect(partial).toBeGreaterThan(20);
  });
});

describe('an order, gone through', () => {
  const sum = models.find(({ name }) => name === 'counter')!;
  const registers = models.find(({ name }) => name === 'multi-register')!;
  const wrote = ok.write(1, 0, 1);
  const x1 = { x: 1 };
  const table: [string, Operation[], (typeof models)[number], readonly unknown[] | undefined][] = [
    ['nothing', [], register, []],
    ['writes', [wrote, ok.write(2, 0, 1), ok.delete(0, 1)], register, [1, 2, null]],
    ['a read of what is there', [wrote, ok.read(1, 0, 1)], register, [1, 1]],
    ['a read of what is not', [wrote, ok.read(2, 0, 1)], register, undefined],
    ['a read of an equal object', [ok.write(x1, 0, 1), ok.read({ x: 1 }, 0, 1)], register, [x1, x1]],
    ['a compare that holds', [wrote, ok.cas(1, 2, 0, 1)], register, [1, 2]],
    ['a compare that does not', [wrote, ok.cas(2, 3, 0, 1)], register, undefined],
    ['a compare that did not hold', [wrote, ok.miss(2, 3, 0, 1)], register, [1, 1]],
    ['a compare that should have', [wrote, ok.miss(1, 3, 0, 1)], register, undefined],
    ['changes', [ok.add(2, 0, 1), ok.add(3, 0, 1), ok.read(5, 0, 1)], sum, [2, 5, 5]],
    ['what the model does not know', [wrote, ok.append('x', 0, 1)], register, undefined],
    ['a look', [ok.txn([['w', 'x', 1]], 0, 1), ok.txn([['r', 'x', 1]], 0, 1)], registers, [x1, x1]],
    ['a look at what is not', [ok.txn([['r', 'x', 1]], 0, 1)], registers, undefined],
    [
      'a change that cannot be',
      [
        ok.txn(
          [
            ['r', 'x', 1],
            ['w', 'x', 2],
          ],
          0,
          1,
        ),
      ],
      registers,
      undefined,
    ],
  ];
  test.each(table)('%s', (_, order, model, values) => {
    expect(replay(model, order)).toEqual(values);
  });
});

describe('what the visualiser is told of an operation', () => {
  const partitions = (operations: Operation[], model = register) =>
    porcupineData({ operations, faults: [] }, model).Partitions;

  it('is who answered, from where, and the revision', () => {
    const more = { instance: 's1', source: 'etcd', revision: 7 } as const;
    const [{ History }] = partitions([ok.write(1, 0, 1, more), info.write(2, 2, 3, { instance: 's2' })]) as [
      ReturnType<typeof partitions>[number],
    ];
    expect(History.map(({ Metadata }) => Metadata)).toEqual(['s1, etcd, revision 7', 'no answer, s2']);
  });

  it('is nothing of what did not happen, and of reads that nobody answered', () => {
    const [one] = partitions([
      ok.read(1, 4, 5),
      { ...ok.write(9, 0, 1), outcome: 'fail' },
      info.read(1, 0, 1),
      info.write(2, 2, 3),
      ok.write(1, 1, 2),
    ]);
    expect(one!.History.map(({ Description }) => Description)).toEqual([
      'k: write 1',
      'k: write 2',
      'k: read 1',
    ]);
  });

  it('is its deed alone where there is no key, and one partition where a model spans keys', () => {
    const registers = models.find(({ name }) => name === 'multi-register')!;
    const found = partitions([ok.txn([['w', 'x', 1]], 0, 1, { key: '' }), ok.write(2, 2, 3)], registers);
    expect(found.map(({ History }) => History.map(({ Description }) => Description))).toEqual([
      ['txn (write 1 to x)', 'k: write 2'],
    ]);
    expect(partitions([ok.write(2, 2, 3), ok.write(2, 2, 3, { key: 'l' })])).toHaveLength(2);
  });

  it('is no order where nothing is explained', () => {
    const [one] = partitions([ok.read(1, 0, 1)]);
    expect(one).toMatchObject({ PartialLinearizations: [], Largest: {} });
  });
});
