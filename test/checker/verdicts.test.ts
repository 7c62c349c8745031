import { describe, expect, it, test } from 'vitest';
import { type Checker, defaultBudget, unknown, verdictOf } from '../../harness/checker/checker.ts';
import { convergence } from '../../harness/checker/convergence.ts';
import { duplicatedWrites } from '../../harness/checker/duplicated-writes.ts';
import { lostWrites } from '../../harness/checker/lost-writes.ts';
import { memberRevisions } from '../../harness/checker/member-revisions.ts';
import { membersAgree } from '../../harness/checker/members-agree.ts';
import { processHealth } from '../../harness/checker/process-health.ts';
import { splitBrain } from '../../harness/checker/split-brain.ts';
import type { MemberHash, MemberLog, MemberSeen, Observation } from '../../harness/history/observation.ts';
import type { FaultWindow, Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

/** Whole verdicts: how much was judged, every violation in its order, and the operations that show it. */
const told = (
  checker: Checker,
  operations: readonly Operation[],
  observations: readonly Observation[] = [],
  faults: readonly FaultWindow[] = [],
) => checker.check({ operations, observations, faults }, defaultBudget);

const final = { grade: 'linearizable' as const, final: true };

test('a verdict is valid unless something was found, and unknown has judged nothing unless it says so', () => {
  const violation = { checker: 'x', summary: 'y', atNs: 0, operations: [] };
  expect(verdictOf(3, [])).toEqual({ valid: true, operations: 3 });
  expect(verdictOf(3, [violation])).toEqual({ valid: false, operations: 3, violations: [violation] });
  expect(unknown('why')).toEqual({ valid: 'unknown', operations: 0, reason: 'why' });
  expect(unknown('why', 2)).toEqual({ valid: 'unknown', operations: 2, reason: 'why' });
});

describe('lost writes', () => {
  const checker = lostWrites('real-time');

  it('are told by key, the last of each beside what remains', () => {
    const [one, two, three, other] = [
      ok.write(1, 0, 1),
      ok.write(2, 2, 3),
      ok.write(3, 4, 5),
      ok.write(7, 2, 3, { key: 'b' }),
    ];
    const [left, nothing] = [ok.read(1, 90, 91, final), ok.read(null, 90, 91, { ...final, key: 'b' })];
    expect(told(checker, [three, two, one, left, other, nothing])).toEqual({
      valid: false,
      operations: 4,
      violations: [
        {
          checker: 'lost-writes',
          key: 'k',
          summary:
            'k: write 3 by process 0 (sent 4 ms, acknowledged 5 ms) is lost (the last of 2 acknowledged writes that are missing): ' +
            'the final read 1 by process 0 at 90 ms, left by the earlier write 1 by process 0 (sent 0 ns, acknowledged 1 ms)',
          atNs: 4e6,
          operations: [one, three, left],
        },
        {
          checker: 'lost-writes',
          key: 'b',
          summary:
            'b: write 7 by process 0 (sent 2 ms, acknowledged 3 ms) is lost: the final read nothing by process 0 at 90 ms',
          atNs: 2e6,
          operations: [other, nothing],
        },
      ],
    });
  });

  it('are shown by ten operations at the most', () => {
    const reads = Array.from({ length: 12 }, (_, i) =>
      ok.read(null, 90, 91, { ...final, instance: `s${i}` }),
    );
    const verdict = told(checker, [ok.write(1, 0, 1), ...reads]);
    expect(verdict.valid === false && verdict.violations[0]!.operations.length).toBe(10);
  });

  it('are told although another key could not be read at the end', () => {
    const verdict = told(checker, [
      ok.write(5, 0, 1, { key: 'b' }),
      fail.read(null, 90, 91, { ...final, key: 'b' }),
      ok.write(1, 0, 1),
      ok.read(null, 90, 91, final),
    ]);
    expect(verdict).toMatchObject({ valid: false, violations: [{ key: 'k' }] });
  });

  it('cannot be told of keys that could not be read at the end, however many', () => {
    const unread = ['b', 'c', 'd'].map((key) => ok.write(5, 0, 1, { key }));
    const read = [ok.write(1, 0, 1), ok.read(1, 90, 91, final)];
    expect(told(checker, [...unread.slice(0, 1), ...read])).toEqual(
      unknown('no final linearizable read of b succeeded', 1),
    );
    expect(told(checker, [...unread, ...read])).toEqual(
      unknown('no final linearizable read of b and of 2 other keys succeeded', 1),
    );
    expect(told(checker, [info.write(5, 0, 1, { key: 'b' }), ...read])).toEqual({
      valid: true,
      operations: 1,
    });
  });

  it('are judged by final reads that name no grade as well', () => {
    expect(
      told(checker, [ok.write(5, 0, 1, { key: 'b' }), ok.write(1, 0, 1), ok.read(1, 9, 10, { final: true })]),
    ).toEqual(unknown('no final read of b succeeded', 1));
  });
});

test('a write that was carried out twice is told with both, and its writer once', () => {
  const rev = (revision: number, more: Partial<Operation> = {}) => ({ revision, ...more });
  const [write, later, open] = [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(6)), info.write(2, 4, 5)];
  const [high, low] = [ok.read(2, 6, 7, rev(9)), ok.read(2, 8, 9, rev(8))];
  expect(told(duplicatedWrites, [write, later, open, high, low])).toEqual({
    valid: false,
    operations: 2,
    violations: [
      {
        checker: 'duplicated-writes',
        key: 'k',
        summary:
          'k: 1 was written twice: it has revision 4 in write 1 by process 0 at 0 ns and revision 6 in read 1 by process 0 at 2 ms, ' +
          'but only write 1 by process 0 (sent 0 ns, acknowledged 1 ms) wrote it',
        atNs: 2e6,
        operations: [write, later],
      },
      {
        checker: 'duplicated-writes',
        key: 'k',
        summary:
          'k: 2 was written twice: it has revision 8 in read 2 by process 0 at 8 ms and revision 9 in read 2 by process 0 at 6 ms, ' +
          'but only write 2 by process 0 (sent 4 ms, no answer by 5 ms) wrote it',
        atNs: 6e6,
        operations: [open, low, high],
      },
    ],
  });
});

describe('convergence', () => {
  const at = (instance: string | undefined, grade: Operation['grade'] = 'linearizable') =>
    ({ instance, grade, final: true }) as Partial<Operation>;

  it('is judged by the last read of each grade on each instance, whatever was told first', () => {
    const reads = [
      ok.read(1, 80, 81, at('s1')),
      ok.read(2, 90, 91, at('s1')),
      ok.read(2, 92, 93, at('s2')),
      ok.read(2, 94, 95, at('s2', 'eventual')),
      ok.read(2, 96, 97, at('s1', 'eventual')),
      ok.read(9, 50, 51, { instance: 's1' }),
    ];
    for (const given of [reads, [...reads].reverse()])
      expect(told(convergence, given)).toEqual({ valid: true, operations: 4 });
  });

  it('tells every answer in the order of time, and the two that differ', () => {
    const [late, early, middle] = [
      ok.read({ a: 2 }, 94, 95, at('s3', 'eventual')),
      ok.read({ a: 1 }, 90, 91, at('s1')),
      ok.read({ a: 1 }, 92, 93, at('s2')),
    ];
    expect(told(convergence, [late, early, middle])).toEqual({
      valid: false,
      operations: 3,
      violations: [
        {
          checker: 'convergence',
          key: 'k',
          summary:
            'k: the final reads differ: {"a":1} at s1 (linearizable), {"a":1} at s2 (linearizable), {"a":2} at s3 (eventual); ' +
            'read {"a":1} by process 0 at 90 ms against read {"a":2} by process 0 at 94 ms',
          atNs: 94e6,
          operations: [early, middle, late],
        },
      ],
    });
  });

  it('is shown by twelve reads at the most', () => {
    const reads = Array.from({ length: 14 }, (_, i) => ok.read(i, 90, 91, at(`s${i}`)));
    const verdict = told(convergence, reads);
    expect(verdict.valid === false && verdict.violations[0]!.operations.length).toBe(12);
  });

  it('is told to be broken although an instance is silent, or a key was not read', () => {
    const broken = [ok.read(1, 90, 91, at('s1')), ok.read(2, 90, 91, at('s2'))];
    expect(told(convergence, [...broken, ok.write(1, 0, 1, { instance: 's3' })]).valid).toBe(false);
    expect(told(convergence, [...broken, ok.write(1, 0, 1, { key: 'b' })]).valid).toBe(false);
  });

  it('names every instance that is silent, and the key that was not read', () => {
    const read = [ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s2'))];
    const silent = ['s3', 's4'].map((instance) => ok.write(1, 0, 1, { instance }));
    expect(told(convergence, [...read, ...silent])).toEqual(unknown('no final read succeeded at s3, s4', 2));
    expect(told(convergence, [...read, ok.write(1, 0, 1, { key: 'b', instance: 's1' })])).toEqual(
      unknown('b: no final linearizable read at s1 succeeded', 2),
    );
    expect(
      told(convergence, [...read, fail.write(1, 0, 1, { key: 'b' }), ok.read(1, 0, 1, { key: 'c' })]),
    ).toEqual({
      valid: true,
      operations: 2,
    });
  });

  it('is no matter of one instance, however often it was asked', () => {
    expect(
      told(convergence, [ok.read(1, 90, 91, at('s1')), ok.read(2, 90, 91, at('s1', 'eventual'))]),
    ).toEqual(unknown('no key was read at the end on two instances'));
    expect(told(convergence, [fail.read(1, 90, 91, at('s1'))])).toEqual(unknown('no final read succeeded'));
  });

  it('is explained by an open delete, or an open compare, that arrives late', () => {
    const differ = (from: unknown, to: unknown) => [
      ok.read(from, 90, 91, at('s1')),
      ok.read(to, 92, 93, at('s2')),
    ];
    expect(told(convergence, [info.delete(0, 1), ...differ(1, null)]).valid).toBe(true);
    expect(told(convergence, [info.cas(1, 2, 0, 1), ...differ(1, 2)]).valid).toBe(true);
    expect(told(convergence, [info.cas(3, 2, 0, 1), ...differ(1, 2)]).valid).toBe(false);
    expect(told(convergence, [info.read(2, 0, 1), ...differ(1, 2)]).valid).toBe(false);
    expect(told(convergence, [ok.write(2, 0, 1), ...differ(1, 2)]).valid).toBe(false);
  });
});

const seen = (
  member: string,
  atMs: number,
  revision?: number,
  more: Partial<MemberSeen> = {},
): MemberSeen => ({
  kind: 'member',
  member,
  askedNs: atMs * 1e6,
  answeredNs: (atMs + 1) * 1e6,
  process: 'up',
  ...(revision !== undefined && { revision }),
  ...more,
});

describe('revisions of members', () => {
  it('are told of each fall, against the highest that had been shown', () => {
    const rows = [
      seen('m1', 0, 5),
      seen('m1', 10, 8),
      seen('m1', 20, 6),
      seen('m1', 30, 7),
      seen('m1', 40, 8),
    ];
    for (const given of [rows, [...rows].reverse()]) {
      expect(told(memberRevisions, [], given)).toEqual({
        valid: false,
        operations: 4,
        violations: [
          {
            checker: 'member-revisions',
            summary: 'm1 showed revision 6 at 20 ms, after it had shown 8 at 11 ms',
            atNs: 20e6,
            operations: [],
          },
          {
            checker: 'member-revisions',
            summary: 'm1 showed revision 7 at 30 ms, after it had shown 8 at 11 ms',
            atNs: 30e6,
            operations: [],
          },
        ],
      });
    }
  });

  it('fall where the next question is asked at the very time of the answer', () => {
    expect(told(memberRevisions, [], [seen('m1', 0, 5), seen('m1', 1, 4)]).valid).toBe(false);
    expect(told(memberRevisions, [], [seen('m1', 0, 5), seen('m1', 0.9, 4)]).valid).not.toBe(false);
  });

  it('were not told twice by whoever is named', () => {
    const given = [seen('m1', 0, 5), seen('m2', 0, 5), seen('m3', 0, 5), seen('m3', 10, 5)];
    expect(told(memberRevisions, [], given)).toEqual(unknown('m1, m2 did not tell its revision twice', 1));
    const overlapping = [seen('m1', 0, 5, { answeredNs: 9e6 }), seen('m1', 1, 5, { answeredNs: 9e6 })];
    expect(told(memberRevisions, [], overlapping)).toEqual(unknown('no member was observed'));
  });
});

describe('hashes of members', () => {
  const hash = (
    member: string,
    atMs: number,
    value: number | undefined,
    more: Partial<MemberHash> = {},
  ): MemberHash => ({
    kind: 'hash',
    member,
    askedNs: atMs * 1e6,
    answeredNs: (atMs + 1) * 1e6,
    revision: 90,
    compactRevision: 0,
    ...(value !== undefined && { hash: value }),
    ...more,
  });

  it('are told in hexadecimal, as of their revision, with the time of the last', () => {
    const differ = (more: Partial<MemberHash>) =>
      [0, 10].flatMap((ms) => [hash('m1', ms, 0xa1, more), hash('m2', ms + 5, 0xb2, more)]);
    expect(told(membersAgree, [], differ({}))).toEqual({
      valid: false,
      operations: 2,
      violations: [
        {
          checker: 'members-agree',
          summary: "the members' keys differ as of revision 90, asked at 16 ms: hashes m1 a1, m2 b2",
          atNs: 16e6,
          operations: [],
        },
      ],
    });
    const both = told(membersAgree, [], [...differ({}), ...differ({ compactRevision: 1 })]);
    expect(both.valid === false && both.violations.map(({ summary }) => summary)).toEqual([
      expect.stringContaining('as of revision 90, asked'),
      expect.stringContaining('as of revision 90 (compacted up to 1), asked'),
    ]);
  });

  it('that changed count by the last of each member, in whatever order they are told', () => {
    const given = [hash('m1', 0, 1), hash('m2', 0, 2), hash('m2', 10, 1), hash('m1', 20, 1)];
    for (const one of [given, [...given].reverse()])
      expect(told(membersAgree, [], one)).toEqual({ valid: true, operations: 2 });
  });

  it('are unknown where some member told none, or was never asked', () => {
    expect(told(membersAgree, [], [hash('m1', 0, 1), hash('m2', 0, undefined)])).toEqual(
      unknown('no hash of all 2 members as of one revision was had (m2: no answer)'),
    );
    expect(told(membersAgree, [], [hash('m1', 0, 1), hash('m2', 0, 1), seen('m3', 0, 90)])).toEqual(
      unknown('no hash of all 3 members as of one revision was had', 2),
    );
    expect(told(membersAgree, [], [hash('m1', 0, 1), hash('m2', 0, 2)])).toEqual(
      unknown('two hashes differed, but were asked for only once', 2),
    );
    expect(told(membersAgree, [], [hash('m1', 0, 1), hash('m1', 5, 1)])).toEqual(
      unknown('there is one member only, with which nobody can disagree'),
    );
  });
});

const log = (member: string, more: Partial<MemberLog> = {}): MemberLog => ({
  kind: 'log',
  member,
  lines: 40,
  serious: [],
  elections: [],
  ...more,
});

describe('health of processes', () => {
  const down = (member: string, atMs: number) => seen(member, atMs, undefined, { process: 'down' });
  const fault = (target: string): FaultWindow => ({
    nemesis: 'kill',
    sentence: 'killed',
    targets: ['x', target],
    fromNs: 5_000e6,
    toNs: 6_000e6,
  });

  it('tells of each member what it logged, and when it was first down', () => {
    const line = (n: number) => ({ line: n, level: 'panic', text: `text ${n}` });
    const given = [
      log('m1', { serious: [line(3)] }),
      log('m2', { lines: 2, serious: [line(7), line(8), line(9)] }),
      down('m3', 20),
      down('m3', 10),
      down('m1', 30),
    ];
    expect(told(processHealth, [], given)).toEqual({
      valid: false,
      operations: 42,
      violations: [
        ['m1 logged a panic in line 3 of its log: text 3', 0],
        ['m2 logged a panic in line 7 of its log, and 2 more such lines: text 7', 0],
        ['m3 was down at 11 ms, and no fault had taken it down', 11e6],
        ['m1 was down at 31 ms, and no fault had taken it down', 31e6],
      ].map(([summary, atNs]) => ({ checker: 'process-health', summary, atNs, operations: [] })),
    });
  });

  test.each([
    ['a second before the fault', 'm1', 3_999, true],
    ['earlier', 'm1', 3_998.9, false],
    ['a second after the fault', 'm1', 7_000, true],
    ['later', 'm1', 7_000.1, false],
    ['under a fault of one of its links', 'm1->m2', 5_500, true],
    ['under a fault of a link to it', 'm2->m1', 5_500, true],
    ['under a fault of one whose name is longer', 'm11', 5_500, false],
  ])('a member that is down %s', (_, target, atMs, isExplained) => {
    expect(told(processHealth, [], [log('m1'), down('m1', atMs)], [fault(target)]).valid).toBe(isExplained);
  });

  it('is unknown of whose log nothing was read', () => {
    expect(
      told(processHealth, [], [log('m1'), log('m2', { lines: 0 }), seen('m2', 0), seen('m3', 0)]),
    ).toEqual(unknown('the log of m2, m3 was not read', 40));
    expect(told(processHealth, [], [log('m1'), log('m2', { reason: 'EIO' })])).toEqual(
      unknown('the log of m2 was not read (m2: EIO)', 80),
    );
    expect(told(processHealth, [], [log('m2', { reason: 'EIO' }), seen('m2', 0)])).toEqual(
      unknown('the log of m2 was not read (m2: EIO)', 40),
    );
    expect(told(processHealth, [], [log('m1', { lines: 1 }), seen('m1', 0)])).toEqual({
      valid: true,
      operations: 1,
    });
  });
});

describe('split brain', () => {
  const led = (member: string, ...terms: number[]) =>
    log(member, { elections: terms.map((term) => ({ id: `id-${member}`, term })) });

  it('tells of every term with two leaders, and of every revision with two contents', () => {
    const rev = (revision: number, key = 'k') => ({ revision, key });
    const [one, two, other] = [
      ok.write(1, 0, 1, rev(4)),
      ok.write(2, 2, 3, rev(4)),
      ok.write(2, 4, 5, rev(4, 'b')),
    ];
    const same = ok.read(1, 6, 7, rev(4));
    const given = [led('m1', 2, 3), led('m2', 2), led('m1', 3)];
    for (const operations of [
      [one, two, other, same],
      [same, other, two, one],
    ]) {
      expect(told(splitBrain, operations, given)).toEqual({
        valid: false,
        operations: 8,
        violations: [
          {
            checker: 'split-brain',
            summary: 'both m1 and m2 became leader in term 2, as their logs tell',
            atNs: 0,
            operations: [],
          },
          {
            checker: 'split-brain',
            key: 'k',
            summary:
              'k: revision 4 has two contents: write 1 by process 0 (sent 0 ns, acknowledged 1 ms) and ' +
              'write 2 by process 0 (sent 2 ms, acknowledged 3 ms) (write 1, write 2)',
            atNs: 2e6,
            operations: [one, two],
          },
        ],
      });
    }
  });

  it('needs elections, where logs were read, and revisions, where none was', () => {
    expect(told(splitBrain, [ok.write(1, 0, 1, { revision: 4 })], [log('m1')])).toEqual(
      unknown("the members' logs tell of no election", 1),
    );
    expect(told(splitBrain, [ok.write(1, 0, 1, { revision: 0 })])).toEqual(
      unknown('neither elections nor revisions were recorded'),
    );
    expect(told(splitBrain, [ok.write(1, 0, 1, { revision: 1 })])).toEqual({ valid: true, operations: 1 });
    expect(told(splitBrain, [], [led('m1', 2)])).toEqual({ valid: true, operations: 1 });
  });
});
