import { describe, expect, it, test } from 'vitest';
import { lastFinalReads, strongestFinalGrade } from '../../harness/checker/final-reads.ts';
import { byKey, KeyWrites, type WriteOrder, writtenValue } from '../../harness/checker/write-order.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

describe('what an operation wrote', () => {
  test.each<[string, Operation, unknown]>([
    ['the value of a write', ok.write(1, 0, 1), 1],
    ['nothing, by a write of nothing', ok.write(undefined, 0, 1), null],
    ['what an open write may have written', info.write(1, 0, 1), 1],
    ['nothing, by a delete', ok.delete(0, 1), null],
    ['the second of a compare that held', ok.cas(1, 2, 0, 1), 2],
    ['nothing, by a compare to nothing that held', ok.cas(1, undefined, 0, 1), null],
    ['what an open compare may have written', info.miss(1, 2, 0, 1), 2],
    ['no value by a compare that did not hold', ok.miss(1, 2, 0, 1), undefined],
    ['no value by what was refused', fail.write(1, 0, 1), undefined],
    ['no value by a refused delete', fail.delete(0, 1), undefined],
    ['no value by a read', ok.read(1, 0, 1), undefined],
  ])('is %s', (_, operation, value) => {
    expect(writtenValue(operation)).toBe(value);
  });
});

describe('of two writes one certainly came before the other', () => {
  const s1 = { instance: 's1' };
  const s2 = { instance: 's2' };
  const rows: [what: string, order: WriteOrder, earlier: Operation, later: Operation, isCertain: boolean][] =
    [
      ['acknowledged before the other was sent', 'real-time', ok.write(1, 0, 1), ok.write(2, 2, 3), true],
      ['acknowledged as the other was sent', 'real-time', ok.write(1, 0, 2), ok.write(2, 2, 3), false],
      ['sent later', 'real-time', ok.write(1, 4, 5), ok.write(2, 2, 3), false],
      ['through one instance', 'per-instance', ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s1), true],
      ['through two instances', 'per-instance', ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s2), false],
      ['through nobody knows which', 'per-instance', ok.write(1, 0, 1), ok.write(2, 2, 3), false],
      [
        'through two, as the clock alone tells',
        'real-time',
        ok.write(1, 0, 1, s1),
        ok.write(2, 2, 3, s2),
        true,
      ],
      [
        'of a lower revision',
        'real-time',
        ok.write(1, 0, 9, { revision: 4 }),
        ok.write(2, 0, 9, { revision: 5 }),
        true,
      ],
      [
        'of the same revision',
        'real-time',
        ok.write(1, 0, 9, { revision: 5 }),
        ok.write(2, 0, 9, { revision: 5 }),
        false,
      ],
      [
        'of a higher revision',
        'real-time',
        ok.write(1, 0, 9, { revision: 6 }),
        ok.write(2, 0, 9, { revision: 5 }),
        false,
      ],
      [
        'of a revision, the other of none',
        'real-time',
        ok.write(1, 0, 9, { revision: 4 }),
        ok.write(2, 0, 9),
        false,
      ],
      [
        'of none, the other of a revision',
        'real-time',
        ok.write(1, 0, 9),
        ok.write(2, 0, 9, { revision: 4 }),
        false,
      ],
      [
        'of a lower revision that contradicts the clock',
        'real-time',
        ok.write(1, 4, 5, { revision: 4 }),
        ok.write(2, 0, 1, { revision: 5 }),
        false,
      ],
      [
        'of a lower revision that just does not contradict the clock',
        'real-time',
        ok.write(1, 1, 5, { revision: 4 }),
        ok.write(2, 0, 1, { revision: 5 }),
        true,
      ],
      [
        'of a lower revision through another instance, where the clock has no say',
        'per-instance',
        ok.write(1, 4, 5, { revision: 4, ...s1 }),
        ok.write(2, 0, 1, { revision: 5, ...s2 }),
        true,
      ],
      [
        'of a lower revision that contradicts the clock of the instance',
        'per-instance',
        ok.write(1, 4, 5, { revision: 4, ...s1 }),
        ok.write(2, 0, 1, { revision: 5, ...s1 }),
        false,
      ],
    ];
  test.each(rows)('%s (%s)', (_, order, earlier, later, isCertain) => {
    const writes = new KeyWrites([earlier, later], order);
    const [x, y] = [writes.acknowledgedBy(earlier)!, writes.acknowledgedBy(later)!];
    expect(writes.isCertainlyBefore(x, y)).toBe(isCertain);
    if (isCertain) expect(writes.isCertainlyBefore(y, x)).toBe(false);
  });

  it('and the beginning before all of them, but not before itself', () => {
    const one = ok.write(1, 0, 1);
    const writes = new KeyWrites([one], 'per-instance');
    const [beginning] = writes.writersOf(ok.read(null, 5, 6));
    const write = writes.acknowledgedBy(one)!;
    expect(beginning).toMatchObject({ operation: undefined, value: null });
    expect(writes.isCertainlyBefore(beginning!, write)).toBe(true);
    expect(writes.isCertainlyBefore(write, beginning!)).toBe(false);
    expect(writes.isCertainlyBefore(beginning!, beginning!)).toBe(false);
  });
});

describe('who may have written what a read shows', () => {
  const [first, open, gone, late] = [
    ok.write(1, 0, 1),
    info.write(1, 2, 3),
    ok.delete(4, 5),
    ok.write(1, 20, 21),
  ];
  const refused = fail.write(2, 0, 1);
  const writes = new KeyWrites([first, open, gone, late, refused], 'real-time');
  const writersOf = (read: Operation) => [...writes.writersOf(read)].map(({ operation }) => operation);

  it('is every write of the value that had been sent when the read was answered', () => {
    expect(writersOf(ok.read(1, 6, 19))).toEqual([first, open]);
    expect(writersOf(ok.read(1, 6, 20))).toEqual([first, open, late]);
  });

  it('is told by when it was sent, however the history is ordered, and asked from the newest on', () => {
    const writers = new KeyWrites([late, gone, open, first], 'real-time').writersOf(ok.read(1, 6, 20));
    expect([...writers].map(({ operation }) => operation)).toEqual([first, open, late]);
    expect([writers.count, writers.oldest?.operation, writers.newest?.operation]).toEqual([3, first, late]);
    const asked: unknown[] = [];
    expect(writers.every(({ operation }) => asked.push(operation) < 2)).toBe(false);
    expect(asked).toEqual([late, open]);
    expect(writers.some(({ operation }) => operation === first)).toBe(true);
    expect(writers.oldestThat(({ operation }) => operation !== first)?.operation).toBe(open);
    const nobody = writes.writersOf(ok.read(9, 6, 7));
    expect([nobody.count, nobody.oldest, nobody.newest, nobody.some(() => true)]).toEqual([
      0,
      undefined,
      undefined,
      false,
    ]);
  });

  it('is the beginning too, where the read shows nothing', () => {
    expect(writersOf(ok.read(null, 2, 3))).toEqual([undefined]);
    expect(writersOf(ok.read(undefined, 6, 7))).toEqual([undefined, gone]);
  });

  it('is nobody, where the value was refused or never asked for', () => {
    expect(writersOf(ok.read(2, 6, 7))).toEqual([]);
    expect(writersOf(ok.read(9, 6, 7))).toEqual([]);
  });

  it('and what was acknowledged is known by its operation', () => {
    expect(writes.acknowledged.map(({ operation }) => operation)).toEqual([first, gone, late]);
    expect(writes.acknowledgedBy(gone)).toEqual({
      operation: gone,
      value: null,
      invokeNs: 4e6,
      returnNs: 5e6,
    });
    expect(writes.acknowledgedBy(open)).toBeUndefined();
    expect(writes.acknowledgedBy(refused)).toBeUndefined();
  });
});

describe('what a read shows is certainly older than a write', () => {
  const rev = (revision: number) => ({ revision });
  const rows: [what: string, history: Operation[], read: Operation, write: number, isOlder: boolean][] = [
    ['where its writer is', [ok.write(1, 0, 1), ok.write(2, 2, 3)], ok.read(1, 9, 10), 1, true],
    [
      'where one of two writers may be the later',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(1, 2, 4)],
      ok.read(1, 9, 10),
      1,
      false,
    ],
    ['where nobody wrote it', [ok.write(1, 0, 1)], ok.read(7, 9, 10), 0, false],
    [
      'where its revision is lower',
      [info.write(1, 0, 1), ok.write(2, 0, 9, rev(5))],
      ok.read(1, 9, 10, rev(4)),
      1,
      true,
    ],
    [
      'where its revision is the same',
      [info.write(1, 0, 1), ok.write(2, 0, 9, rev(5))],
      ok.read(1, 9, 10, rev(5)),
      1,
      false,
    ],
    [
      'where its revision is higher',
      [info.write(1, 0, 1), ok.write(2, 0, 9, rev(5))],
      ok.read(1, 9, 10, rev(6)),
      1,
      false,
    ],
    [
      'where it has no revision',
      [info.write(1, 0, 1), ok.write(2, 0, 9, rev(5))],
      ok.read(1, 9, 10),
      1,
      false,
    ],
    [
      'where the write has none',
      [info.write(1, 0, 1), ok.write(2, 0, 9)],
      ok.read(1, 9, 10, rev(4)),
      1,
      false,
    ],
    [
      'where its revision is lower, but its writer was sent after the write was acknowledged',
      [ok.write(1, 4, 5), ok.write(2, 0, 1, rev(5))],
      ok.read(1, 9, 10, rev(4)),
      1,
      false,
    ],
  ];
  test.each(rows)('%s', (_, history, read, write, isOlder) => {
    const writes = new KeyWrites([...history, read], 'real-time');
    expect(writes.isCertainlyOlder(read, writes.acknowledgedBy(history[write]!)!)).toBe(isOlder);
  });
});

describe('final reads', () => {
  const final = (value: unknown, atMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, atMs, atMs + 1, { grade: 'session', final: true, ...more });

  test.each<[string, Operation[], string | undefined]>([
    ['of no grade come before all', [final(1, 0), final(1, 1, { grade: undefined as never })], undefined],
    ['linearizable before session', [final(1, 0), final(1, 1, { grade: 'linearizable' })], 'linearizable'],
    ['session before eventual', [final(1, 0, { grade: 'eventual' }), final(1, 1)], 'session'],
    ['eventual where there is no other', [final(1, 0, { grade: 'eventual' })], 'eventual'],
    [
      'that failed were asked for all the same',
      [fail.read(1, 0, 1, { grade: 'session', final: true })],
      'session',
    ],
    [
      'are neither reads of the load nor final writes',
      [ok.read(1, 0, 1, { grade: 'linearizable' }), ok.write(1, 0, 1, { final: true }), final(1, 5)],
      'session',
    ],
    ['were none', [ok.read(1, 0, 1, { grade: 'session' })], undefined],
  ])('%s', (_, operations, grade) => {
    expect(strongestFinalGrade(operations)).toBe(grade);
    expect(strongestFinalGrade([...operations].reverse())).toBe(grade);
  });

  it('count the last that succeeded on each instance, of the grade alone', () => {
    const reads = [
      final(1, 0, { instance: 's1' }),
      final(2, 5, { instance: 's1' }),
      final(3, 3, { instance: 's1' }),
      final(4, 1, { instance: 's2' }),
      { ...final(5, 7, { instance: 's2' }), outcome: 'fail' as const },
      final(6, 9, { instance: 's2', grade: 'eventual' }),
      ok.read(7, 9, 10, { instance: 's2', grade: 'session' }),
    ];
    for (const given of [reads, [...reads].reverse()]) {
      const values = lastFinalReads(given, 'session').map(({ value }) => value);
      expect(new Set(values)).toEqual(new Set([2, 4]));
    }
  });

  it('of one time: the one that is told later', () => {
    expect(lastFinalReads([final(1, 0), final(2, 0)], 'session').map(({ value }) => value)).toEqual([2]);
  });
});

test('operations by key come in the order in which keys first appear', () => {
  const [a1, b, a2] = [
    ok.write(1, 0, 1, { key: 'a' }),
    ok.write(1, 0, 1, { key: 'b' }),
    ok.delete(2, 3, { key: 'a' }),
  ];
  expect([...byKey([b, a1, a2])]).toEqual([
    ['b', [b]],
    ['a', [a1, a2]],
  ]);
});
