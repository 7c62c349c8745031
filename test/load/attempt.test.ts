import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attempt, attemptOf, endOf, learn, lost, requestOf } from '../../harness/load/attempt.ts';
import { type LogicalProcess, processFactory } from '../../harness/load/logical-process.ts';
import { parseAnswer } from '../../harness/service/http-contract.ts';

const newProcess = () => processFactory(true)();
const answer = (status: number, body: object | string, headers: Record<string, string> = {}) =>
  parseAnswer(status, headers, typeof body === 'string' ? body : JSON.stringify(body));

const read: Attempt = { f: 'read', key: 'k1', grade: 'linearizable', value: null };
const write: Attempt = { f: 'write', key: 'k1', value: 7 };
const cas: Attempt = { f: 'cas', key: 'k1', value: [5, 7], expectedRevision: 40 };
const remove: Attempt = { f: 'delete', key: 'k1', value: null };

describe('the request', () => {
  test.each<[Attempt, object]>([
    [read, { method: 'GET', path: '/kv/k1?consistency=linearizable' }],
    [write, { method: 'PUT', path: '/kv/k1', body: '{"value":7}' }],
    [cas, { method: 'PUT', path: '/kv/k1', body: '{"value":7,"expectedRevision":40}' }],
    [remove, { method: 'DELETE', path: '/kv/k1' }],
    [
      { ...read, key: 'a/b c' },
      { method: 'GET', path: '/kv/a%2Fb%20c?consistency=linearizable' },
    ],
  ])('%o', (attempt, request) => {
    expect(requestOf(attempt)).toEqual(request);
  });
});

describe('the end', () => {
  test.each<[string, Attempt, ReturnType<typeof answer>, object]>([
    [
      'a value',
      read,
      answer(200, { key: 'k1', value: 3, revision: 9 }),
      { outcome: 'ok', value: 3, revision: 9 },
    ],
    ['no such key', read, answer(404, { error: 'none' }), { outcome: 'ok', value: null }],
    [
      'another key: what it shows is judged, not passed over',
      read,
      answer(200, { key: 'k2', value: 3 }),
      { outcome: 'ok', value: 3, error: undefined },
    ],
    ['no value', read, answer(200, { key: 'k1' }), { outcome: 'fail', error: 'bad-body' }],
    ['no JSON', read, answer(200, '<html>'), { outcome: 'fail', error: 'bad-body' }],
    ['refused', read, answer(503, { error: 'offline' }), { outcome: 'fail', value: undefined, error: '503' }],
    ['written', write, answer(200, { revision: 10 }), { outcome: 'ok', value: 7, revision: 10 }],
    ['queued, without a revision', write, answer(200, ''), { outcome: 'ok', value: 7, revision: undefined }],
    [
      'a revision that no double holds',
      write,
      answer(200, '{"revision":9007199254740993}'),
      { revision: undefined },
    ],
    ['a revision as text', write, answer(200, { revision: '10' }), { outcome: 'ok', revision: undefined }],
    [
      'swapped',
      cas,
      answer(200, { revision: 41 }),
      { outcome: 'ok', value: [5, 7], swapped: true, revision: 41 },
    ],
    [
      'not swapped',
      cas,
      answer(409, { revision: 44 }),
      { outcome: 'ok', value: [5, 7], swapped: false, revision: undefined },
    ],
    [
      'perhaps swapped',
      cas,
      answer(503, {}),
      { outcome: 'info', value: [5, 7], swapped: undefined, error: '503' },
    ],
    ['deleted', remove, answer(200, { revision: 50 }), { outcome: 'ok', value: null, revision: 50 }],
    [
      'where it came from',
      read,
      answer(200, { value: 1 }, { 'x-source': 'cache', 'x-cache': 'stale', 'x-stale-ms': '12.5' }),
      { source: 'cache', cache: 'stale', staleMs: 12.5 },
    ],
    [
      'nonsense about where it came from',
      read,
      answer(200, { value: 1 }, { 'x-source': 'moon', 'x-cache': '', 'x-stale-ms': 'old' }),
      { outcome: 'ok', source: undefined, cache: undefined, staleMs: undefined },
    ],
  ])('%s', (_, attempt, given, expected) => {
    expect(endOf(attempt, given)).toMatchObject(expected);
  });
});

describe('what a process knows', () => {
  const having = (...steps: [Attempt, ReturnType<typeof answer>][]): LogicalProcess => {
    const process = newProcess();
    for (const [attempt, given] of steps) learn(process, attempt, endOf(attempt, given), given.sessionToken);
    return process;
  };
  const readOf = (value: number | null, revision?: number): [Attempt, ReturnType<typeof answer>] => [
    read,
    value === null ? answer(404, {}) : answer(200, { key: 'k1', value, revision }),
  ];

  test.each<[string, [Attempt, ReturnType<typeof answer>][], object | undefined]>([
    ['nothing', [], undefined],
    ['a read', [readOf(3, 9)], { value: 3, revision: 9 }],
    ['a read of no key', [readOf(3, 9), readOf(null)], { value: null, revision: 0 }],
    ['a read without a revision: the pair before may be gone', [readOf(3, 9), readOf(4)], undefined],
    ['a revision 0 of a value stands for something else', [readOf(3, 0)], undefined],
    [
      'an older read after a newer one: it is what was read last',
      [readOf(4, 12), readOf(3, 9)],
      { value: 3, revision: 9 },
    ],
    ['an own write', [readOf(3, 9), [write, answer(200, { revision: 10 })]], { value: 7, revision: 10 }],
    ['an own write without a revision', [readOf(3, 9), [write, answer(200, {})]], undefined],
    ['an own cas', [[cas, answer(200, { revision: 41 })]], { value: 7, revision: 41 }],
    [
      'a lost cas: the revision told is not of a value known',
      [readOf(5, 40), [cas, answer(409, { revision: 44 })]],
      undefined,
    ],
    ['an own delete', [readOf(3, 9), [remove, answer(200, { revision: 11 })]], { value: null, revision: 0 }],
    [
      'a failed write changes nothing',
      [readOf(3, 9), [write, answer(503, {}, { 'x-outcome': 'fail' })]],
      { value: 3, revision: 9 },
    ],
    ['a failed read neither', [readOf(3, 9), [read, answer(503, {})]], { value: 3, revision: 9 }],
  ])('%s', (_, steps, known) => {
    expect(having(...steps).known.get('k1')).toEqual(known);
  });

  test('a planned cas compares on what is known, and reads what is not', () => {
    const planned = { kind: 'cas' as const, key: 'k1', value: 8 };
    expect(attemptOf(planned, newProcess())).toEqual({
      f: 'read',
      key: 'k1',
      grade: 'linearizable',
      value: null,
    });
    expect(attemptOf(planned, having(readOf(3, 9)))).toEqual({
      f: 'cas',
      key: 'k1',
      value: [3, 8],
      expectedRevision: 9,
    });
    expect(attemptOf(planned, having(readOf(null)))).toEqual({
      f: 'cas',
      key: 'k1',
      value: [null, 8],
      expectedRevision: 0,
    });
    expect(attemptOf({ ...planned, key: 'k2' }, having(readOf(3, 9))).f).toBe('read');
  });

  test('the session token of any answer is kept, failed ones too', () => {
    const told = having([write, answer(503, {}, { 'session-token': 'a' })]);
    expect(told.sessionToken).toBe('a');
    learn(told, write, lost(write, 'info', 'deadline'), undefined);
    expect(told.sessionToken).toBe('a');
  });
});

test('whatever a server answers, an end is made of it and never throws', () => {
  const attempts = fc.constantFrom(read, write, cas, remove);
  const headers = fc.dictionary(
    fc.constantFrom('x-source', 'x-cache', 'x-stale-ms', 'x-outcome', 'session-token'),
    fc.oneof(fc.string(), fc.constantFrom('fail', 'info', 'cache', '-1', 'NaN')),
  );
  const bodies = fc.oneof(fc.string(), fc.json(), fc.constant('{"value":1,"revision":2}'));
  fc.assert(
    fc.property(
      attempts,
      fc.integer({ min: 200, max: 599 }),
      headers,
      bodies,
      (attempt, status, given, body) => {
        const process = newProcess();
        const end = endOf(attempt, parseAnswer(status, given, body));
        learn(process, attempt, end, undefined);
        expect(['ok', 'fail', 'info']).toContain(end.outcome);
        if (attempt.f === 'read')
          expect(end.outcome === 'ok' ? end.value !== undefined : end.value === undefined).toBe(true);
        else expect(end.value).toEqual(attempt.value);
        if (end.staleMs !== undefined) expect(end.staleMs).toBeGreaterThanOrEqual(0);
        // Nothing is known but what an ok answer showed.
        if (end.outcome !== 'ok') expect(process.known.get('k1')).toBe(undefined);
      },
    ),
  );
});
