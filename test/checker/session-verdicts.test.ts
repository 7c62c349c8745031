import { describe, expect, it, test } from 'vitest';
import { type Checker, defaultBudget, unknown } from '../../harness/checker/checker.ts';
import { resurrectedWrites } from '../../harness/checker/resurrected-writes.ts';
import { monotonicReads, readYourWrites } from '../../harness/checker/session.ts';
import { monotonicWrites, writesFollowReads } from '../../harness/checker/session-writes.ts';
import { staleness } from '../../harness/checker/staleness.ts';
import { stalenessInRevisions } from '../../harness/checker/staleness-revisions.ts';
import type { Grade, Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

/** Whole verdicts of the checkers that judge reads: what was judged, what is told, what is shown. */
const told = (checker: Checker, operations: readonly Operation[]) =>
  checker.check({ operations, faults: [] }, defaultBudget);
const violationsOf = (checker: Checker, operations: readonly Operation[]) => {
  const verdict = told(checker, operations);
  return verdict.valid === false ? verdict.violations : [];
};

const order = 'real-time';
const grade: Grade = 'session';
const session = { grade };
const p = (process: number, more: Partial<Operation> = {}) => ({ process, ...more });

describe.each([undefined, grade] as const)('at the grade %s, no checker of reads', (asked) => {
  const at = asked === undefined ? '' : ` at grade ${asked}`;
  const a = asked === undefined ? '' : `${asked} `;
  const rows: [Checker, reason: string][] = [
    [readYourWrites({ grade: asked, order }), `no process read${at} what it had written`],
    [monotonicReads({ grade: asked, order }), `no process read a key twice${at}`],
    [
      writesFollowReads(asked),
      `no process wrote after a ${a}read so that revisions or final reads tell the order`,
    ],
    [staleness({ grade: asked, order, maxStaleMs: 0 }), `no ${a}read succeeded that was not marked stale`],
    [
      stalenessInRevisions({ grade: asked, order, maxRevisions: 0 }),
      `no ${a}read succeeded that was not marked stale`,
    ],
  ];
  test.each(rows.map(([checker, reason]) => [checker.name, checker, reason] as const))(
    'judges nothing that is not there, nor what failed, nor another grade: %s',
    (_, checker, reason) => {
      const other = { grade: 'eventual' as const };
      for (const operations of [
        [],
        [ok.write(1, 0, 1)],
        [ok.write(1, 0, 1), fail.read(1, 2, 3, { grade: asked as Grade }), ok.write(2, 4, 5)],
        [ok.write(1, 0, 1), ok.read(1, 2, 3, other), ok.read(1, 4, 5, other), ok.write(2, 6, 7)],
      ])
        expect(told(checker, operations)).toEqual(unknown(reason));
    },
  );
});

describe('read your writes', () => {
  const checker = readYourWrites({ grade, order });

  it('judges every read after the first own write of the key', () => {
    const operations = [
      ok.read(null, 0, 1, session),
      ok.write(1, 2, 3),
      ok.read(1, 4, 5, session),
      ok.read(1, 6, 7, session),
      ok.read(null, 6, 7, { ...session, key: 'b' }),
      ok.read(1, 8, 9, p(1, session)),
    ];
    for (const given of [operations, [...operations].reverse()])
      expect(told(checker, given)).toEqual({ valid: true, operations: 2 });
  });

  it('tells the last own write that was overlooked, beside the writer of what was read', () => {
    const [old, mine, again] = [ok.write(1, 0, 1, p(2)), ok.write(2, 2, 3, p(1)), ok.write(3, 4, 5, p(1))];
    const [read, never] = [ok.read(1, 6, 7, p(1, session)), ok.read(9, 8, 9, p(1, session))];
    const nothing = ok.read(null, 10, 11, p(1, session));
    expect(told(checker, [never, nothing, read, again, mine, old])).toEqual({
      valid: false,
      operations: 3,
      violations: [
        {
          checker: 'read-your-writes',
          key: 'k',
          summary:
            'k: session read 1 by process 1 at 6 ms, although the process itself had done the later ' +
            'write 3 by process 1 (sent 4 ms, acknowledged 5 ms)',
          atNs: 6e6,
          operations: [old, again, read],
        },
        {
          checker: 'read-your-writes',
          key: 'k',
          summary: 'k: session read 9 by process 1 at 8 ms, but nobody had written 9',
          atNs: 8e6,
          operations: [never],
        },
        {
          checker: 'read-your-writes',
          key: 'k',
          summary:
            'k: session read nothing by process 1 at 10 ms, although the process itself had done the later ' +
            'write 3 by process 1 (sent 4 ms, acknowledged 5 ms)',
          atNs: 10e6,
          operations: [again, nothing],
        },
      ],
    });
  });

  it('asks for no write that was still under way when the read was sent', () => {
    const old = ok.write(1, 0, 1, p(2));
    expect(told(checker, [old, ok.write(2, 2, 9, p(1)), ok.read(1, 9, 10, p(1, session))]).valid).toBe(false);
    expect(told(checker, [old, ok.write(2, 2, 9, p(1)), ok.read(1, 8.9, 10, p(1, session))]).valid).toBe(
      true,
    );
  });
});

describe('monotonic reads', () => {
  const checker = monotonicReads({ grade, order });
  const [one, two, three] = [1, 2, 3].map((value) => ok.write(value, value, value + 0.5, p(2)));
  const writes = [one!, two!, three!];
  const read = (value: unknown, atMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, atMs, atMs + 1, { ...session, ...more });

  it('judges every read of a key but the first of a process', () => {
    const operations = [
      ...writes,
      read(1, 5),
      read(3, 7),
      read(3, 9),
      read(1, 9, p(1)),
      read(9, 5, { key: 'b' }),
    ];
    expect(told(checker, operations)).toEqual({ valid: true, operations: 2 });
  });

  it('tells the last newer read before it, beside the writer of what was read', () => {
    const reads = [read(2, 10), read(3, 12), read(1, 14), read(9, 16), read(null, 18)];
    expect(told(checker, [...reads, ...writes])).toEqual({
      valid: false,
      operations: 4,
      violations: [
        {
          checker: 'monotonic-reads',
          key: 'k',
          summary:
            'k: session read 1 by process 0 at 14 ms, although the process had already made the ' +
            'read 3 by process 0 (sent 12 ms, answered 13 ms), which is the newer value',
          atNs: 14e6,
          operations: [one, reads[1], reads[2]],
        },
        {
          checker: 'monotonic-reads',
          key: 'k',
          summary: 'k: session read 9 by process 0 at 16 ms, but nobody had written 9',
          atNs: 16e6,
          operations: [reads[3]],
        },
        {
          checker: 'monotonic-reads',
          key: 'k',
          summary:
            'k: session read nothing by process 0 at 18 ms, although the process had already made the ' +
            'read 1 by process 0 (sent 14 ms, answered 15 ms), which is the newer value',
          atNs: 18e6,
          operations: [reads[2], reads[4]],
        },
      ],
    });
  });

  it('takes what nobody had written for no measure, also where it is the first read', () => {
    expect(told(checker, [...writes, read(9, 10), read(1, 12)])).toEqual(
      unknown('no process read a key twice at grade session'),
    );
  });

  it('asks for nothing that was answered only after the read was sent', () => {
    expect(told(checker, [...writes, read(2, 10), read(1, 11)]).valid).toBe(false);
    expect(told(checker, [...writes, read(2, 10), read(1, 10.9)]).valid).toBe(true);
  });

  it('goes by the revisions that reads name, where the clock does not tell', () => {
    const open = [info.write(1, 0, 1), info.write(2, 0, 1)];
    const rev = (revision: number) => ({ revision });
    const check = (first: object, second: object) =>
      told(checker, [...open, read(2, 10, first), read(1, 12, second)]).valid;
    expect(check(rev(5), rev(4))).toBe(false);
    expect(check(rev(5), rev(5))).toBe(true);
    expect(check(rev(5), rev(6))).toBe(true);
    expect(check(rev(5), {})).toBe(true);
    expect(check({}, rev(4))).toBe(true);
    const known = told(checker, [one!, two!, read(1, 10, rev(5)), read(2, 12, rev(4))]);
    expect(known.valid).toBe(true);
  });

  it('keeps a hundred values in mind', () => {
    const many = Array.from({ length: 150 }, (_, i) => ok.write(i, i, i + 0.5, p(2)));
    const forth = many.map(({ value }, i) => read(value, 200 + 2 * i));
    expect(violationsOf(checker, [...many, ...forth, read(0, 1_000)])).toHaveLength(1);
    expect(violationsOf(checker, [...many, ...forth, read(149, 1_000)])).toHaveLength(0);
  });
});

describe('monotonic writes', () => {
  const checker = monotonicWrites(order);
  const rev = (revision: number, more: Partial<Operation> = {}) => ({ revision, ...more });

  it('tells the write of the highest revision that a later one fell behind', () => {
    const [a, b, c, d] = [
      ok.write(1, 0, 1, rev(4)),
      ok.write(2, 2, 3, rev(9)),
      ok.write(3, 4, 5, rev(7)),
      ok.delete(6, 7, rev(10)),
    ];
    expect(told(checker, [d, c, b, a])).toEqual({
      valid: false,
      operations: 3,
      violations: [
        {
          checker: 'monotonic-writes',
          key: 'k',
          summary:
            'k: write 3 by process 0 (sent 4 ms, acknowledged 5 ms) has the revision 7, before revision 9, ' +
            'although the same process had already made the write 2 by process 0 (sent 2 ms, acknowledged 3 ms)',
          atNs: 4e6,
          operations: [b, c],
        },
      ],
    });
  });

  it('compares the revisions of two keys where etcd gave both, and only there', () => {
    const etcd = { source: 'etcd' as const };
    const check = (first: object, second: object) =>
      told(checker, [ok.write(1, 0, 1, rev(9, first)), ok.write(2, 2, 3, rev(4, { key: 'b', ...second }))])
        .valid;
    expect(check(etcd, etcd)).toBe(false);
    expect(check(etcd, {})).toBe('unknown');
    expect(check({}, etcd)).toBe('unknown');
  });

  it('compares what went through one instance where order is known no further', () => {
    const perInstance = monotonicWrites('per-instance');
    const check = (first: string | undefined, second: string | undefined) =>
      told(perInstance, [
        ok.write(1, 0, 1, rev(9, { instance: first as string })),
        ok.write(2, 2, 3, rev(4, { instance: second as string })),
      ]).valid;
    expect(check('s1', 's1')).toBe(false);
    expect(check('s1', 's2')).toBe('unknown');
    expect(check(undefined, undefined)).toBe('unknown');
  });

  const final = { grade: 'linearizable' as const, final: true };

  it('tells what was left at the end by the earlier write, where every final read shows it', () => {
    const [a, b] = [ok.write(1, 0, 1), ok.write(2, 2, 3)];
    const reads = Array.from({ length: 12 }, (_, i) =>
      ok.read(1, 90, 91, p(9, { ...final, instance: `s${i}` })),
    );
    expect(told(checker, [a, b, ...reads])).toEqual({
      valid: false,
      operations: 1,
      violations: [
        {
          checker: 'monotonic-writes',
          key: 'k',
          summary:
            'k: the final read 1 by process 9 at 90 ms shows what came before the write 2 by process 0 (sent 2 ms, acknowledged 3 ms), ' +
            'although the same process had already made the write 1 by process 0 (sent 0 ns, acknowledged 1 ms)',
          atNs: 2e6,
          operations: [a, b, ...reads].slice(0, 10),
        },
      ],
    });
    const newer = ok.read(2, 90, 91, p(9, { ...final, instance: 'other' }));
    expect(told(checker, [a, b, ...reads, newer])).toEqual({ valid: true, operations: 1 });
  });

  it('asks for no order of writes that ran at the same time', () => {
    const check = (sentMs: number) =>
      told(checker, [ok.write(1, 0, 5), ok.write(2, sentMs, 9), ok.read(1, 90, 91, p(9, final))]).valid;
    expect(check(5)).toBe(false);
    expect(check(4.9)).toBe(true);
  });

  it('leaves out what final reads themselves are, and writes of one only', () => {
    expect(told(checker, [ok.write(1, 0, 1), ok.read(1, 90, 91, p(0, final))])).toMatchObject({
      valid: 'unknown',
    });
    expect(
      told(checker, [ok.write(1, 0, 1, rev(9)), ok.write(2, 2, 3, rev(4, { final: true }))]),
    ).toMatchObject({
      valid: 'unknown',
    });
  });
});

test('writes follow reads of values, not of nothing, and of the grade alone', () => {
  const checker = writesFollowReads(grade);
  const check = (read: Operation) => told(checker, [read, ok.write(6, 4, 5, { revision: 7 })]).valid;
  expect(check(ok.read(5, 2, 3, { grade, revision: 9 }))).toBe(false);
  expect(check(ok.read(5, 2, 3, { grade, revision: 6 }))).toBe(true);
  expect(check(ok.read(null, 2, 3, { grade, revision: 9 }))).toBe('unknown');
  expect(check(ok.read(5, 2, 3, { grade: 'eventual', revision: 9 }))).toBe('unknown');
  expect(check(ok.read(5, 2, 3, { grade, revision: 9, process: 1 }))).toBe('unknown');
  const [violation] = violationsOf(checker, [
    ok.read(5, 2, 3, { grade, revision: 9 }),
    ok.write(6, 4, 5, { revision: 7 }),
  ]);
  expect(violation).toMatchObject({
    checker: 'writes-follow-reads',
    summary:
      'k: write 6 by process 0 (sent 4 ms, acknowledged 5 ms) has the revision 7, before revision 9, ' +
      'although the same process had already made the read 5 by process 0 (sent 2 ms, answered 3 ms)',
  });
});

describe('staleness', () => {
  const stale = (maxStaleMs: number) => staleness({ grade, maxStaleMs, order });
  const [one, two] = [ok.write(1, 0, 1), ok.write(2, 50, 100)];
  const read = (value: unknown, atMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, atMs, atMs + 1, { ...session, ...more });

  it('counts from the acknowledgement of the write to the sending of the read', () => {
    expect(told(stale(100), [one, two, read(1, 200)])).toEqual({ valid: true, operations: 1 });
    expect(told(stale(100), [one, two, read(1, 200.001)]).valid).toBe(false);
    expect(told(stale(0), [one, two, read(1, 100)]).valid).toBe(true);
    expect(told(stale(0), [one, two, read(1, 100.001)]).valid).toBe(false);
  });

  it('tells how old it was, who answered, and who had written it', () => {
    const [old, never] = [
      read(1, 205.9, { instance: 's1', source: 'cache', cache: 'hit' }),
      read(9, 210, { source: 'etcd' }),
    ];
    const nothing = read(null, 220);
    expect(told(stale(5), [never, old, one, two, nothing])).toEqual({
      valid: false,
      operations: 3,
      violations: [
        {
          checker: 'staleness',
          key: 'k',
          summary: 'k: session read 9 by process 0 at 210 ms (etcd), but nobody had written 9',
          atNs: 210e6,
          operations: [never],
        },
        {
          checker: 'staleness',
          key: 'k',
          summary:
            'k: session read 1 by process 0 at 205.9 ms (s1, cache, hit), but that had been overwritten by ' +
            'write 2 by process 0 (sent 50 ms, acknowledged 100 ms), 105 ms before it was sent; 5 ms are allowed',
          atNs: 205.9e6,
          operations: [one, two, old],
        },
        {
          checker: 'staleness',
          key: 'k',
          summary:
            'k: session read nothing by process 0 at 220 ms, but that had been overwritten by ' +
            'write 2 by process 0 (sent 50 ms, acknowledged 100 ms), 120 ms before it was sent; 5 ms are allowed',
          atNs: 220e6,
          operations: [two, nothing],
        },
      ],
    });
  });

  it('finds who overwrote it among many, through each instance where order is known no further', () => {
    const perInstance = staleness({ grade, maxStaleMs: 10, order: 'per-instance' });
    const through = (instance: string, value: number, atMs: number) =>
      ok.write(value, atMs, atMs + 1, { instance });
    const many = Array.from({ length: 20 }, (_, i) => through(i % 2 === 0 ? 's1' : 's2', i, 10 * i));
    for (let i = 0; i < 20; i++) {
      const isOverwritten = i < 18;
      const verdict = told(perInstance, [...many, read(i, 300)]);
      expect(verdict.valid).toBe(!isOverwritten);
    }
    expect(told(perInstance, [...many, read(0, 31)]).valid).toBe(true);
    expect(told(perInstance, [...many, read(0, 31.001)]).valid).toBe(false);
  });

  it('is no matter of keys that nobody read', () => {
    expect(told(stale(0), [ok.write(1, 0, 1, { key: 'b' }), read(null, 5)])).toEqual(
      unknown('no write was acknowledged, so nothing could be stale'),
    );
  });
});

describe('staleness in revisions', () => {
  const behind = (maxRevisions: number) => stalenessInRevisions({ grade, maxRevisions, order });
  const ofNoGrade = stalenessInRevisions({ grade: undefined, maxRevisions: 0, order });
  const many = Array.from({ length: 12 }, (_, i) => ok.write(i + 1, 10 * i, 10 * i + 5));
  const read = (value: unknown, atMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, atMs, atMs + 1, { ...session, ...more });

  it('counts what was acknowledged before the read was sent', () => {
    expect(told(behind(1), [...many, read(10, 200)]).valid).toBe(false);
    expect(told(behind(2), [...many, read(10, 200)])).toEqual({ valid: true, operations: 1 });
    expect(told(behind(1), [...many, read(10, 115)]).valid).toBe(true);
    expect(told(behind(1), [...many, read(10, 115.001)]).valid).toBe(false);
    expect(told(behind(0), [...many, read(12, 200)]).valid).toBe(true);
    expect(told(behind(0), [...many, read(11, 200)]).valid).toBe(false);
  });

  it('tells the writer and the last of what is missing, at most eight', () => {
    const [none, few] = [read(11, 200), read(1, 210)];
    expect(violationsOf(behind(0), [...many, none])).toEqual([
      {
        checker: 'staleness-revisions',
        key: 'k',
        summary:
          'k: session read 11 by process 0 at 200 ms, but at least 1 newer writes had been acknowledged, ' +
          'the last of them write 12 by process 0 (sent 110 ms, acknowledged 115 ms); none may be missing',
        atNs: 200e6,
        operations: [many[10], many[11], none],
      },
    ]);
    const [violation] = violationsOf(behind(9), [...many, few]);
    expect(violation).toMatchObject({
      summary: expect.stringMatching(/at least 10 newer writes .* write 12 .*; 9 may be missing$/),
      operations: [many[0], ...many.slice(4), few],
    });
    expect(violationsOf(behind(0), [...many, read(null, 200)])[0]!.operations[0]).toBe(many[11]);
  });

  it('is told of reads that name no grade without one', () => {
    const plain = ok.read(99, 200, 201);
    expect(violationsOf(ofNoGrade, [...many, plain])).toEqual([
      {
        checker: 'staleness-revisions',
        key: 'k',
        summary: 'k: read 99 by process 0 at 200 ms, but nobody had written 99',
        atNs: 200e6,
        operations: [plain],
      },
    ]);
    expect(violationsOf(ofNoGrade, [...many, ok.read(11, 200, 201)])[0]!.summary).toMatch(/^k: read 11 by/);
  });
});

describe('resurrected writes', () => {
  const checker = resurrectedWrites(order);
  const read = (value: unknown, atMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, atMs, atMs + 1, { grade: 'linearizable', ...more });

  it('are told with the writer, who replaced it, who saw that, and who saw it back', () => {
    const [one, two, gone, back] = [ok.write(1, 0, 1), ok.write(2, 2, 3), read(2, 4), read(1, 6)];
    // Since the value was seen again, it is no longer gone.
    const last = read(1, 90, { final: true });
    expect(told(checker, [last, back, gone, two, one])).toEqual({
      valid: false,
      operations: 1,
      violations: [
        {
          checker: 'resurrected-writes',
          key: 'k',
          summary:
            'k: read 1 by process 0 at 6 ms, but 1 had been replaced by write 2 by process 0 (sent 2 ms, acknowledged 3 ms) ' +
            'and was gone in read 2 by process 0 (sent 4 ms, answered 5 ms)',
          atNs: 6e6,
          operations: [one, two, gone, back],
        },
      ],
    });
  });

  it('are witnessed by a read that was answered when the next was sent, not later', () => {
    const writes = [ok.write(1, 0, 1), ok.write(2, 2, 3)];
    expect(told(checker, [...writes, read(2, 4), read(1, 5)]).valid).toBe(false);
    expect(told(checker, [...writes, read(2, 4), read(1, 4.9)]).valid).toBe('unknown');
  });

  it('are searched for a hundred reads back', () => {
    const writes = [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(3, 0, 1)];
    const others = (count: number) => Array.from({ length: count }, (_, i) => read(3, 10 + 2 * i));
    expect(told(checker, [...writes, read(2, 4), ...others(99), read(1, 900)]).valid).toBe(false);
    expect(told(checker, [...writes, read(2, 4), ...others(100), read(1, 900)]).valid).toBe(true);
  });

  it('are no matter of values that two have written, nor of who was there first', () => {
    const twice = [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(1, 2, 3)];
    expect(told(checker, [...twice, read(2, 4), read(1, 6)]).valid).toBe('unknown');
    const replacedTwice = [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(2, 0, 1)];
    expect(told(checker, [...replacedTwice, read(2, 4), read(1, 6)]).valid).toBe(true);
    expect(told(checker, [ok.write(2, 2, 3), read(2, 4), read(null, 6)]).valid).toBe('unknown');
  });

  it('are shown by nothing only where it was there before, and every delete came after it', () => {
    const check = (...history: Operation[]) => told(checker, history).valid;
    const [write, back] = [ok.write(1, 10, 20), read(1, 60)];
    expect(check(write, ok.delete(30, 31), read(null, 40), back)).toBe(false);
    expect(check(ok.write(1, 10, 40), ok.delete(41, 42), read(null, 40), back)).toBe(true);
    expect(check(ok.write(1, 10, 39), ok.delete(39.5, 42), read(null, 40), back)).toBe(false);
    expect(check(write, ok.delete(15, 31), read(null, 40), back)).toBe(true);
    expect(check(write, ok.delete(30, 31), info.delete(5, 6), read(null, 40), back)).toBe(true);
    expect(check(write, ok.delete(30, 31), ok.delete(35, 36), read(null, 40), back)).toBe(false);
    expect(check(write, read(null, 40), back)).toBe(true);
  });
});
