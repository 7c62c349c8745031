import { describe, expect, it, test } from 'vitest';
import { availability } from '../../harness/checker/availability.ts';
import { type Checker, defaultBudget, type Violation } from '../../harness/checker/checker.ts';
import { progress } from '../../harness/checker/progress.ts';
import type { FaultWindow, Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

/** Where the bounds of shares and times lie: on the bound, and just beyond it. */
const verdictOf = (checker: Checker, operations: readonly Operation[], faults: readonly FaultWindow[] = []) =>
  checker.check({ operations, faults }, defaultBudget);

function violationsOf(
  checker: Checker,
  operations: readonly Operation[],
  faults: readonly FaultWindow[] = [],
): readonly Violation[] {
  const verdict = verdictOf(checker, operations, faults);
  return verdict.valid === false ? verdict.violations : [];
}

const fault = (fromMs: number, toMs: number, ...targets: string[]): FaultWindow => ({
  nemesis: 'kill',
  sentence: `${targets} killed`,
  targets,
  fromNs: fromMs * 1e6,
  toNs: toMs * 1e6,
});

/** So many reads, one each ms from a time on. */
const reads = (how: typeof ok, count: number, fromMs: number, more: Partial<Operation> = {}) =>
  Array.from({ length: count }, (_, i) => how.read(1, fromMs + i, fromMs + i + 0.5, more));

describe('availability', () => {
  const nine = availability({ okShare: 0.9 });
  const s1 = { instance: 's1' };
  const s2 = { instance: 's2' };

  it('counts every operation of the load, whatever it is and whoever was asked, but no final read', () => {
    const operations = [
      ok.write(1, 0, 1),
      ok.read(1, 2, 3, s1),
      ok.delete(4, 5, { ...s2, grade: 'session' }),
      ok.read(1, 6, 7, { final: true }),
    ];
    expect(verdictOf(nine, operations)).toEqual({ valid: true, operations: 3 });
  });

  it('counts reads of its grade alone where it has one', () => {
    const checker = availability({ grade: 'session', okShare: 0.9 });
    const of = (grade: 'session' | 'eventual') => reads(ok, 4, 0, { grade });
    const writes = [fail.write(1, 0, 1, { grade: 'session' }), fail.write(2, 0, 1, { grade: 'session' })];
    expect(verdictOf(checker, [...of('session'), ...of('eventual'), ...writes])).toEqual({
      valid: true,
      operations: 4,
    });
    expect(verdictOf(checker, of('eventual'))).toMatchObject({
      reason: 'no session read was sent to an instance that was left alone',
      operations: 0,
    });
    expect(verdictOf(nine, [])).toMatchObject({
      reason: 'no operation was sent to an instance that was left alone',
    });
  });

  it('tells of each instance the share, the first failure and the first five', () => {
    const failed = reads(fail, 7, 100, s1);
    const [first, second] = violationsOf(nine, [
      ...reads(ok, 3, 0, s1),
      ...failed,
      ...reads(ok, 1, 0),
      ...reads(fail, 2, 50),
    ]);
    expect(first).toEqual({
      checker: 'availability',
      summary:
        'only 30.0 % of 10 operations at s1 ended ok, at least 90.0 % should; ' +
        'the first that did not was read nothing by process 0 (sent 100 ms, refused 100.5 ms)',
      atNs: 100e6,
      operations: failed.slice(0, 5),
    });
    expect(second?.summary).toMatch(
      /^only 33\.3 % of 3 operations ended ok, at least 90\.0 % should; the first/,
    );
  });

  test.each([
    [18, 2, true],
    [17, 2, false],
    [1, 1, true],
    [0, 1, true],
    [0, 2, false],
  ])('%d ok and %d refused: %s', (oks, refused, isKept) => {
    expect(verdictOf(nine, [...reads(ok, oks, 0), ...reads(fail, refused, 50)]).valid).toBe(isKept);
  });

  describe('under faults', () => {
    const cut = fault(10_000, 20_000, 'm1');
    const control = reads(ok, 100, 0, s1);

    test.each<[what: string, operation: Operation, isMeant: boolean]>([
      ['ends as the fault begins', ok.read(1, 9_000, 10_000, s1), true],
      ['ends just before it', ok.read(1, 9_000, 9_999, s1), false],
      ['is given up as it begins', info.read(1, 9_000, 10_000, s1), true],
      ['is given up just before it', info.read(1, 9_000, 9_999, s1), false],
      ['is sent a second after it', ok.read(1, 21_000, 21_001, s1), true],
      ['is sent later', ok.read(1, 21_000.001, 21_002, s1), false],
    ])('what %s', (_, operation, isMeant) => {
      const verdict = verdictOf(nine, [...control, operation], [cut]);
      expect(verdict.operations).toBe(isMeant ? 1 : 0);
    });

    it('what touches a fault of the instance itself is left out, also under another fault', () => {
      const faults = [cut, fault(15_000, 16_000, 's1', 's3')];
      const operations = [
        ...reads(ok, 2, 11_000, s1),
        ...reads(fail, 5, 15_500, s1),
        ...reads(ok, 3, 15_500, s2),
        ...reads(ok, 4, 15_500),
      ];
      expect(verdictOf(nine, operations, faults)).toEqual({ valid: true, operations: 9 });
    });

    const failing = reads(fail, 3, 12_000, s1);

    it('the control has to end ok 99 times of 100', () => {
      const [violation] = violationsOf(
        nine,
        [...control.slice(1), fail.read(1, 500, 501, s1), ...failing],
        [cut],
      );
      expect(violation?.summary).toMatch(
        /^only 0\.0 % of 3 operations at s1 ended ok under faults, at least 90\.0 % should; the first/,
      );
      const undecided = verdictOf(nine, [...control.slice(2), ...reads(fail, 2, 500, s1), ...failing], [cut]);
      expect(undecided).toEqual({
        valid: 'unknown',
        operations: 3,
        reason: 'only 0.0 % of 3 operations at s1 ended ok under faults, but without any only 98.0 % did',
      });
    });

    it('what touches any of the faults is no control', () => {
      const faults = [fault(0, 1, 'm2'), cut];
      expect(verdictOf(nine, [...reads(ok, 5, 100, s1), ...failing], faults)).toMatchObject({
        reason: 'only 62.5 % of 8 operations at s1 ended ok under faults, but without any none was sent',
      });
    });

    it('an instance that certainly fails is told although of another it is unknown', () => {
      const ofS2 = reads(fail, 3, 12_000, s2);
      expect(violationsOf(nine, [...ofS2, ...control, ...failing], [cut])).toMatchObject([
        { summary: expect.stringContaining('at s1') },
      ]);
    });
  });
});

describe('progress within 100 ms', () => {
  const within = progress(100);
  const steady = reads(ok, 200, 200);

  it('is demanded from the end of the last fault on, whichever is told last', () => {
    const faults = [fault(0, 100, 'm1'), fault(0, 50, 'm2')];
    expect(verdictOf(within, [ok.write(1, 99, 99.5), ok.write(2, 100, 101), ...steady], faults)).toEqual({
      valid: true,
      operations: 201,
    });
    expect(verdictOf(within, [ok.write(1, 100, 101)], faults)).toEqual({
      valid: 'unknown',
      operations: 1,
      reason: 'no operation was sent later than 100 ms after the last fault healed',
    });
    expect(verdictOf(within, [ok.write(1, 200, 201)], faults).valid).toBe(true);
    expect(verdictOf(within, [ok.write(1, 199.999, 201)], faults).valid).toBe('unknown');
  });

  it('is demanded from the first operation on where there is no fault', () => {
    const operations = [ok.write(1, 50, 51), ok.write(2, 10, 11)];
    expect(verdictOf(within, operations)).toEqual({
      valid: 'unknown',
      operations: 2,
      reason: 'no operation was sent later than 100 ms after the load began',
    });
    expect(verdictOf(within, [...operations, ok.write(3, 110, 111)])).toEqual({ valid: true, operations: 3 });
  });

  it('is unknown where any fault was never healed', () => {
    const faults = [
      fault(0, 1, 'm1'),
      { ...fault(0, 2, 'm2'), nemesis: 'cut', toNs: Number.POSITIVE_INFINITY },
    ];
    expect(verdictOf(within, steady, faults)).toMatchObject({ reason: 'cut was never healed' });
  });

  const healed = [fault(0, 100, 'm1')];
  const write = (how: typeof ok, fromMs: number, toMs: number, more: Partial<Operation> = {}) =>
    how.write(1, fromMs, toMs, more);
  const refused = (count: number, fromMs: number) =>
    Array.from({ length: count }, (_, i) => write(fail, fromMs + i, fromMs + i + 1));

  test.each<[what: string, operations: Operation[], isKept: boolean]>([
    ['an answer at the very end of the time', [...refused(5, 150), write(ok, 160, 200)], true],
    ['an answer just after it', [...refused(5, 150), write(ok, 160, 200.001)], false],
    ['a try at the very heal', [write(ok, 100, 101), ...refused(5, 150)], true],
    ['a try just before it', [write(ok, 99.999, 101), ...refused(5, 150)], false],
    ['three tries from half the time on', [...refused(3, 150), write(ok, 200, 201)], false],
    ['two from half the time on', [...refused(1, 149), ...refused(2, 150), write(ok, 200, 201)], true],
    ['two, and then nothing', refused(2, 150), true],
    ['two, and the next one refused', [...refused(2, 150), write(fail, 200, 201)], false],
    [
      'two, and of the next two, told in the other order, the later one refused',
      [...refused(2, 150), write(fail, 260, 261), write(ok, 200, 201)],
      true,
    ],
    ['one that is refused when the time is over, and none in it', [write(fail, 200, 201)], true],
    ['an open one', [...refused(2, 150), write(info, 160, 170)], false],
  ])('%s', (_, operations, isKept) => {
    const given = [...operations, ...steady];
    expect(violationsOf(within, given, healed).map(({ summary }) => summary.slice(0, 18))).toEqual(
      isKept ? [] : ['no write succeeded'],
    );
  });

  it('names the kind, in the order of their names, with the last five tries', () => {
    const kinds = [
      ...Array.from({ length: 6 }, (_, i) => fail.write(i, 150 + i, 151 + i, { instance: 's2' })),
      ...Array.from({ length: 3 }, (_, i) =>
        info.read(i, 150 + i, 151 + i, { instance: 's1', grade: 'session' }),
      ),
      ...Array.from({ length: 3 }, (_, i) => fail.delete(150 + i, 151 + i)),
    ];
    const violations = violationsOf(within, [...kinds, ...steady], healed);
    expect(violations).toEqual([
      {
        checker: 'progress',
        summary:
          'no delete succeeded within 100 ms after the last fault healed (100 ms): 3 tried, 0 ok, 3 fail, 0 info',
        atNs: 200e6,
        operations: kinds.slice(9),
      },
      {
        checker: 'progress',
        summary:
          'no session read at s1 succeeded within 100 ms after the last fault healed (100 ms): 3 tried, 0 ok, 0 fail, 3 info',
        atNs: 200e6,
        operations: kinds.slice(6, 9),
      },
      {
        checker: 'progress',
        summary:
          'no write at s2 succeeded within 100 ms after the last fault healed (100 ms): 6 tried, 0 ok, 6 fail, 0 info',
        atNs: 200e6,
        operations: kinds.slice(1, 6),
      },
    ]);
  });

  test.each([
    [198, 2, true],
    [197, 2, false],
    [0, 1, true],
    [0, 2, false],
  ])('once the time is over, %d ok and %d refused: %s', (oks, failed, isKept) => {
    const operations = [...reads(ok, oks, 200), ...reads(fail, failed, 500)];
    expect(violationsOf(within, operations, healed).length).toBe(isKept ? 0 : 1);
  });

  it('tells the share of each instance, the first failure and the first five', () => {
    const s1 = { instance: 's1' };
    const failed = [...reads(fail, 5, 300, s1), ...reads(info, 1, 320, s1)];
    const operations = [...reads(ok, 4, 200, s1), ...failed, ...reads(ok, 2, 200), ...reads(fail, 2, 300)];
    expect(violationsOf(within, operations, healed)).toEqual([
      {
        checker: 'progress',
        summary:
          'only 50.0 % of 4 operations succeeded from 100 ms after the last fault healed (100 ms) on ' +
          '(2 ok, 2 fail, 0 info); at least 99 % should',
        atNs: 300e6,
        operations: operations.slice(-2),
      },
      {
        checker: 'progress',
        summary:
          'only 40.0 % of 10 operations at s1 succeeded from 100 ms after the last fault healed (100 ms) on ' +
          '(4 ok, 5 fail, 1 info); at least 99 % should',
        atNs: 300e6,
        operations: failed.slice(0, 5),
      },
    ]);
  });
});
