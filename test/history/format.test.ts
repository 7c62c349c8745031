import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  encodeCompletion,
  encodeFault,
  encodeInvoke,
  encodeObservation,
  encodeOperation,
} from '../../harness/history/format.ts';
import { HistoryError } from '../../harness/history/history-error.ts';
import type { Observation } from '../../harness/history/observation.ts';
import { grades, type Operation } from '../../harness/history/operation.ts';
import { type HistoryFormat, readHistory } from '../../harness/history/read-history.ts';
import { fail, info, ok } from '../checker/build.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-history-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string, format: HistoryFormat = 'jsonl') {
  const path = join(folder, `${++files}.${format}`);
  await writeFile(path, text);
  return readHistory(path);
}

/** Without the fields that are undefined. */
const plain = (operations: readonly Operation[]) =>
  operations.map((operation) =>
    Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== undefined)),
  );

describe('what is written', () => {
  it('is an invoke line and a completion line', () => {
    const write = ok.write(12, 1, 2, {
      process: 3,
      key: 'k7',
      dueNs: 5,
      revision: 88,
      instance: 's1',
      source: 'etcd',
    });
    expect(
      encodeOperation(write)
        .split('\n')
        .slice(0, 2)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { process: 3, type: 'invoke', f: 'write', key: 'k7', value: 12, time: 1e6, due: 5, instance: 's1' },
      { process: 3, type: 'ok', f: 'write', key: 'k7', value: 12, time: 2e6, revision: 88, source: 'etcd' },
    ]);
  });

  it('has no completion for what was never given up', () => {
    const { endedNs: _, ...write } = info.write(1, 0, 1);
    expect(encodeCompletion(write)).toBe('');
  });

  const operation: fc.Arbitrary<Operation> = fc
    .record({
      f: fc.constantFrom('read', 'write', 'cas', 'delete', 'append' as const),
      outcome: fc.constantFrom('ok', 'fail', 'info' as const),
      key: fc.oneof(fc.constant(''), fc.string()),
      value: fc.oneof(
        fc.integer(),
        fc.string({ unit: 'binary' }),
        fc.constant(null),
        fc.array(fc.integer()),
        fc.double({ noNaN: true, noDefaultInfinity: true, max: 1, min: 0.1 }),
      ),
      invokeNs: fc.nat(),
      lastsNs: fc.nat(),
      swapped: fc.boolean(),
      grade: fc.option(fc.constantFrom(...grades), { nil: undefined }),
      more: fc.record(
        {
          dueNs: fc.nat(),
          revision: fc.nat(),
          source: fc.constantFrom('cache', 'etcd', 'primary', 'replica' as const),
          cache: fc.constantFrom('hit', 'stale', 'coalesced', 'miss', 'refresh' as const),
          staleMs: fc.nat(),
          instance: fc.string(),
          final: fc.constant(true as const),
          error: fc.string(),
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ f, outcome, key, value, invokeNs, lastsNs, swapped, grade, more }) => ({
      process: 0,
      f,
      key,
      outcome,
      value:
        f === 'delete'
          ? null
          : f === 'cas'
            ? [value, 1]
            : f === 'read' && outcome !== 'ok'
              ? undefined
              : value,
      ...(f === 'cas' && outcome === 'ok' ? { swapped } : {}),
      ...(f === 'read' && grade !== undefined ? { grade } : {}),
      invokeNs,
      returnNs: outcome === 'info' ? Number.POSITIVE_INFINITY : invokeNs + lastsNs,
      ...(outcome === 'info' ? { endedNs: invokeNs + lastsNs } : {}),
      ...more,
    }));

  it('is read back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 20 }), async (operations) => {
        const numbered = operations.map((one, process) => ({ ...one, process }));
        const history = await read(numbered.map(encodeOperation).join(''));
        expect(plain(history.operations)).toEqual(plain(numbered));
        expect(history.notes).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('may have all invoke lines before all completions', async () => {
    const operations = [
      ok.write(1, 0, 9, { process: 1 }),
      fail.write(2, 1, 8, { process: 2 }),
      ok.read(1, 2, 7, { process: 3 }),
    ];
    const history = await read(
      operations.map(encodeInvoke).join('') + operations.map(encodeCompletion).join(''),
    );
    expect(plain(history.operations)).toEqual(plain(operations));
  });

  it('holds faults too', async () => {
    const fault = { nemesis: 'partition', sentence: 'm2 was cut off', targets: ['m2'], fromNs: 5, toNs: 9 };
    const history = await read(encodeFault(fault) + encodeOperation(ok.write(1, 0, 1)));
    expect(history.faults).toEqual([fault]);
    expect(history.operations).toHaveLength(1);
    expect(history.observations).toBeUndefined();
  });

  it('holds what an observer saw', async () => {
    const seen = { askedNs: 5, answeredNs: 9 };
    const observations: Observation[] = [
      { kind: 'member', member: 'm1', process: 'up', revision: 7, id: '9829954754940738069', ...seen },
      { kind: 'hash', member: 'm1', revision: 7, compactRevision: 0, hash: 4_294_967_295, ...seen },
      { kind: 'log', member: 'm1', lines: 3, serious: [], elections: [{ id: 'a', term: 2 }] },
      {
        kind: 'leases',
        member: 'm1',
        revision: 7,
        held: [{ holder: 's1', epoch: 4, ttlSeconds: 2 }],
        ...seen,
      },
      { kind: 'belief', holder: 's1', epoch: 4, alive: true, ...seen },
    ];
    const history = await read(
      encodeOperation(ok.write(1, 0, 1, { fence: 4 })) + observations.map(encodeObservation).join(''),
    );
    expect(history.observations).toEqual(observations);
    expect(plain(history.operations)).toEqual(plain([ok.write(1, 0, 1, { fence: 4 })]));
  });

  it.each([
    [
      'an unknown kind',
      '{"process":"observer","f":"mood","value":{}}',
      /"kind" should be one of member, hash/,
    ],
    ['no object', '{"process":"observer","f":"log","value":5}', /a log should have "member"/],
    ['a field that is missing', '{"process":"observer","f":"belief","value":{"holder":"s1"}}', /"epoch"/],
    [
      'a time that is none',
      '{"process":"observer","f":"member","value":{"member":"m1","process":"up","askedNs":"x","answeredNs":2}}',
      /"askedNs" should be a number/,
    ],
  ])('refuses as an observation %s', async (_, line, message) => {
    await expect(read(`${line}\n`)).rejects.toThrow(message);
  });
});

describe('what is read', () => {
  it('has one key and the order of its lines where events name neither key nor time', async () => {
    const history = await read(
      '{"process":0,"type":"invoke","f":"write","value":1}\n' +
        '{"process":1,"type":"invoke","f":"read","value":null}\n' +
        '{"process":0,"type":"ok","f":"write","value":1}\n' +
        '\n' +
        '{"process":1,"type":"ok","f":"read","value":1}\n',
    );
    expect(history.orderedBy).toBe('line');
    expect(history.operations).toMatchObject([
      { key: '', invokeNs: 1, returnNs: 3, value: 1 },
      { key: '', invokeNs: 2, returnNs: 5, value: 1 },
    ]);
  });

  it('leaves open what has no completion, and says so', async () => {
    const history = await read('{"process":0,"type":"invoke","f":"write","value":1,"time":5}\n');
    expect(history.operations).toMatchObject([{ outcome: 'info', returnNs: Number.POSITIVE_INFINITY }]);
    expect(history.notes).toEqual(['1 operations have no completion: each may have happened (info)']);
  });

  it('reads over a torn last line, and says so', async () => {
    const history = await read(`${encodeOperation(ok.write(1, 0, 1))}{"process":0,"type":"inv`);
    expect(history.operations).toHaveLength(1);
    expect(history.notes).toEqual(['line 3 is torn (the file ends in the middle of it) and was left out']);
  });

  it('knows a process by its name, and a compare without "swapped" as one that held', async () => {
    const history = await read(
      '{"process":"alice","type":"invoke","f":"cas","value":[1,2],"time":1}\n' +
        '{"process":"bob","type":"invoke","f":"get","key":7,"time":2}\n' +
        '{"process":"alice","type":"ok","f":"cas","time":3}\n' +
        '{"process":"nemesis","type":"info","f":"start","value":null,"time":3}\n' +
        '{"process":"bob","type":"ok","f":"get","key":7,"value":"x","time":4}\n',
    );
    expect(history.operations).toMatchObject([
      { f: 'cas', value: [1, 2], outcome: 'ok' },
      { f: 'read', key: '7', value: 'x' },
    ]);
    expect(history.operations[0]!.swapped).toBeUndefined();
    expect(history.operations[0]!.process).not.toBe(history.operations[1]!.process);
  });

  const invoke = '{"process":0,"type":"invoke","f":"write","value":1,"time":5}\n';
  test.each<[string, string, RegExp]>([
    ['a line that is no JSON', `${invoke}oops\n`, /:2: is no JSON .*oops/],
    ['a line that is no object', '[1]\n', /:1: should be an object/],
    [
      'an unknown type',
      '{"process":0,"type":"done","f":"read"}\n',
      /:1: "type" should be invoke, ok, fail or info, got "done"/,
    ],
    [
      'an unknown function',
      '{"process":0,"type":"invoke","f":"increment","time":1}\n',
      /:1: "f" should be one of read, .*got "increment"/,
    ],
    [
      'no process',
      '{"type":"invoke","f":"read"}\n',
      /:1: "process" should be a whole number or a name, got nothing/,
    ],
    [
      'a completion that nobody invoked',
      '{"process":3,"type":"ok","f":"read","time":1}\n',
      /:1: process 3 completes a "read" that it never invoked/,
    ],
    [
      'a completion of something else',
      `${invoke}{"process":0,"type":"ok","f":"read","time":6}\n`,
      /:2: .*completes a "read", but what it invoked on line 1 is a write/,
    ],
    [
      'a completion on another key',
      `${invoke}{"process":0,"type":"ok","f":"write","key":"b","time":6}\n`,
      /:2: .*key "b".*line 1 is on key ""/,
    ],
    [
      'a process that does two things at once',
      invoke + invoke,
      /:2: process 0 invokes a "write" while its write of line 1 is still open/,
    ],
    [
      'a completion before its invocation',
      `${invoke}{"process":0,"type":"ok","f":"write","time":4}\n`,
      /:2: the completion's time 4 is before 5/,
    ],
    [
      'a time that is no number',
      '{"process":0,"type":"invoke","f":"read","time":"now"}\n',
      /:1: "time" should be a number, got "now"/,
    ],
    [
      'a time here and none there',
      `${invoke}{"process":0,"type":"ok","f":"write"}\n`,
      /:2: "time" is missing here/,
    ],
    [
      'a cas without its two values',
      '{"process":0,"type":"invoke","f":"cas","value":1,"time":1}\n',
      /:1: a cas should have the value \[from, to\], got 1/,
    ],
    [
      'a value that JSON cannot tell apart',
      '{"process":0,"type":"invoke","f":"write","value":9007199254740993,"time":1}\n',
      /:1: the value .* beyond 2\^53/,
    ],
  ])('%s is an error that names the line', async (_, text, message) => {
    const error = await read(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HistoryError);
    expect((error as HistoryError).message).toMatch(message);
    expect((error as HistoryError).file).toMatch(/jsonl$/);
  });

  it('a file that is not there is an error that names it', async () => {
    await expect(readHistory(join(folder, 'none.jsonl'))).rejects.toThrow(
      /none.jsonl: cannot be read: ENOENT/,
    );
  });

  it('an empty file is an empty history', async () => {
    expect((await read('')).operations).toEqual([]);
  });
});

describe('EDN', () => {
  const edn = (text: string) => read(text, 'edn');
  const events = [
    '{:process 0, :type :invoke, :f :write, :value 3, :time 10, :index 0}',
    '{:process :nemesis, :type :info, :f :start-partition, :value [:isolated {"n1" #{"n2"}}], :time 11, :index 1}',
    '{:process 1, :type :invoke, :f :cas, :value [3 4], :time 12, :index 2}',
    '{:process 0, :type :ok, :f :write, :value 3, :time 13, :index 3}',
    '{:process 1, :type :fail, :f :cas, :value [3 4], :time 14, :index 4, :error [:not-found "x"]}',
    '{:process 2, :type :invoke, :f :read, :value nil, :time 15, :index 5}',
    '{:process 2, :type :ok, :f :read, :value 3, :time 16, :index 6}',
    '{:process 3, :type :invoke, :f :write, :value 5, :time 17, :index 7}',
    '{:process 3, :type :info, :f :write, :value 5, :time 18, :index 8, :error :timeout}',
  ];
  const expected = [
    { process: 0, f: 'write', key: '', value: 3, outcome: 'ok', invokeNs: 10, returnNs: 13 },
    {
      process: 1,
      f: 'cas',
      key: '',
      value: [3, 4],
      outcome: 'fail',
      invokeNs: 12,
      returnNs: 14,
      error: '["not-found","x"]',
    },
    { process: 2, f: 'read', key: '', value: 3, outcome: 'ok', invokeNs: 15, returnNs: 16 },
    {
      process: 3,
      f: 'write',
      key: '',
      value: 5,
      outcome: 'info',
      invokeNs: 17,
      returnNs: Number.POSITIVE_INFINITY,
      endedNs: 18,
      error: 'timeout',
    },
  ];
  test.each<[string, string]>([
    ['one map a line', events.join('\n')],
    ['a vector of maps', `[${events.join('\n ')}]\n`],
    ['a vector on one line, after a comment', `; a history\n[${events.join(' ')}]`],
    ['a list of maps', `(${events.join('\n')})`],
    ['records', events.map((event) => `#jepsen.history.Op${event}`).join('\n')],
    ['maps over several lines', events.join('\n').replaceAll(', ', ',\n  ')],
  ])('%s', async (_, text) => {
    const history = await edn(text);
    expect(plain(history.operations)).toEqual(expected);
    expect(history.notes).toEqual([]);
  });

  it('takes keys out of tuples', async () => {
    const history = await edn(
      '{:process 0, :type :invoke, :f :cas, :value [7 [1 2]]}\n{:process 0, :type :ok, :f :cas, :value [7 [1 2]]}\n' +
        '{:process 0, :type :invoke, :f :read, :value [7 nil]}\n{:process 0, :type :ok, :f :read, :value [7 2]}\n' +
        '{:process 0, :type :invoke, :f :write, :value #jepsen.independent.Tuple[8 1]}\n{:process 0, :type :info, :f :write, :value nil}\n',
    );
    expect(plain(history.operations)).toMatchObject([
      { f: 'cas', key: '7', value: [1, 2], outcome: 'ok' },
      { f: 'read', key: '7', value: 2 },
      { f: 'write', key: '8', value: 1, outcome: 'info' },
    ]);
  });

  it('takes the key from :key, and get, put and append as a store has them', async () => {
    const history = await edn(
      '{:process 0, :type :invoke, :f :put, :key "3", :value "a"}\n{:process 0, :type :ok, :f :put, :key "3", :value "a"}\n' +
        '{:process 0, :type :invoke, :f :append, :key "3", :value "b"}\n{:process 0, :type :ok, :f :append, :key "3", :value "b"}\n' +
        '{:process 0, :type :invoke, :f :get, :key "3", :value nil}\n{:process 0, :type :ok, :f :get, :key "3", :value "ab"}\n',
    );
    expect(history.operations.map(({ f, key, value }) => [f, key, value])).toEqual([
      ['write', '3', 'a'],
      ['append', '3', 'b'],
      ['read', '3', 'ab'],
    ]);
  });

  test.each<[string, string, RegExp]>([
    [
      'a form that is no map',
      '{:process 0, :type :invoke, :f :read}\n42\n',
      /:2: should be a map such as .*got 42/,
    ],
    [
      'a value that is no tuple among tuples',
      '{:process 0, :type :invoke, :f :write, :value [1 2]}\n{:process 1, :type :invoke, :f :write, :value 2}',
      /:2: :value should be \[key value\]/,
    ],
    ['a bracket too many', '{:process 0, :type :invoke, :f :read}]\n', /:1: is no EDN/],
    ['a parenthesis too many', '{:process 0, :type :invoke, :f :read})\n', /:1: is no EDN: an unmatched \)/],
  ])('%s is an error that names the line', async (_, text, message) => {
    await expect(edn(text)).rejects.toThrow(message);
  });

  it('reads over a torn last form, and says so', async () => {
    const history = await edn(`${events.slice(0, 4).join('\n')}\n{:process 0, :type :inv`);
    expect(history.notes).toContainEqual(expect.stringMatching(/line 5 is torn/));
  });
});
