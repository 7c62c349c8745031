import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckerSettings, checkers, defaultSettings } from '../../harness/checker/list.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { projectRoot } from '../../harness/project.ts';
import { fail, info, ok } from './build.ts';
import { append, r, ok as txn } from './transactions/build.ts';

const folder = join(projectRoot, 'test', 'checker');
const suites = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** Where it is not the checker's name in camel case. */
const exported: Readonly<Record<string, string>> = { 'staleness-revisions': 'stalenessInRevisions' };

describe.each(checkers)('the checker $name', ({ name, demands, make }) => {
  // A table counts its own rows (table.ts); here it is only seen to that there is one.
  test('has a table of at least six histories that it accepts and six that it rejects', () => {
    const maker = exported[name] ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const hasTable = new RegExp(`\\btable\\(\\s*${maker}\\b`).test(suites);
    const isCounted = (are: string) => new RegExp(`atLeastSix\\(\\s*'${name}',\\s*'${are}'`).test(suites);
    expect(hasTable || (isCounted('accepted') && isCounted('rejected'))).toBe(true);
  });

  test('is made under its name, and of a history in which nothing happened it says nothing', () => {
    const checker = make(defaultSettings);
    expect(checker.name).toBe(name);
    expect(demands).not.toBe('');
    expect(
      checker.check({ operations: [], faults: [] }, { timeMs: 1_000, maxMemoEntries: 1_000 }),
    ).toMatchObject({ valid: 'unknown', operations: 0, reason: expect.stringMatching(/\w/) });
  });
});

describe('what is known of a history reaches its checker', () => {
  const verdict = (name: string, operations: readonly Operation[], settings: Partial<CheckerSettings> = {}) =>
    checkers
      .find((one) => one.name === name)!
      .make({ ...defaultSettings, ...settings })
      .check({ operations, faults: [] }, { timeMs: 1_000, maxMemoEntries: 1_000 }).valid;

  const [s1, s2] = [{ instance: 's1' }, { instance: 's2' }];
  const through = (first: Partial<Operation>, second: Partial<Operation>) => [
    ok.write(1, 0, 1, first),
    ok.write(2, 2, 3, second),
  ];
  const final = { grade: 'linearizable', final: true } as const;
  const perInstance = { order: 'per-instance' } as const;
  const rows: [
    name: string,
    operations: Operation[],
    settings: Partial<CheckerSettings>,
    without: unknown,
    withIt: unknown,
  ][] = [
    ['linearizability', [ok.read('', 0, 1)], { model: kv }, false, true],
    ['lost-writes', [...through(s1, s2), ok.read(1, 9, 10, final)], perInstance, false, true],
    ['staleness', [...through({}, {}), ok.read(1, 9, 10)], { maxStaleMs: 6 }, false, true],
    ['staleness', [...through(s1, s2), ok.read(1, 9, 10)], perInstance, false, true],
    [
      'read-your-writes',
      [...through({ ...s1, process: 1 }, s2), ok.read(1, 9, 10)],
      perInstance,
      false,
      true,
    ],
    [
      'monotonic-reads',
      [...through(s1, s2), ok.read(2, 9, 10), ok.read(1, 11, 12)],
      perInstance,
      false,
      true,
    ],
    ['monotonic-writes', [...through(s1, s2), ok.read(1, 9, 10, final)], perInstance, false, true],
    ['staleness-revisions', [...through({}, {}), ok.read(1, 9, 10)], { maxRevisions: 1 }, false, true],
    ['staleness-revisions', [...through(s1, s2), ok.read(1, 9, 10)], perInstance, false, true],
    [
      'resurrected-writes',
      [
        ...through(s1, s2),
        ok.read(2, 9, 10, { grade: 'linearizable' }),
        ok.read(1, 11, 12, { grade: 'linearizable' }),
      ],
      perInstance,
      false,
      true,
    ],
    [
      'fencing',
      through({ ...s1, fence: 7 }, { ...s1, key: 'b', fence: 4 }),
      { fenceScope: 'instance' },
      true,
      false,
    ],
    [
      'availability',
      [ok.read(1, 0, 1), fail.read(1, 2, 3), fail.read(1, 4, 5)],
      { okShare: 0.3 },
      false,
      true,
    ],
    [
      'progress',
      [...[0, 1, 2].map((ms) => fail.write(1, ms, ms + 0.5)), ok.write(1, 2_000, 2_001)],
      { withinMs: 1_000 },
      'unknown',
      true,
    ],
    [
      'list-append',
      [txn(0, 0, 1, append('x', 1)), txn(1, 2, 3, r('x', [])), txn(1, 4, 5, r('x', [1]))],
      perInstance,
      false,
      true,
    ],
  ];
  test.each(rows)('%s %#', (name, operations, settings, without, withIt) => {
    expect(verdict(name, operations)).toBe(without);
    expect(verdict(name, operations, settings)).toBe(withIt);
  });

  const stale = (grade: Operation['grade']) => [
    ...through({}, {}),
    ok.read(1, 9, 10, { grade: grade as 'session' }),
  ];
  const gradedCheckers = ['staleness', 'staleness-revisions', 'read-your-writes'];
  test.each(gradedCheckers)(
    '%s judges session reads where reads name grades, else those that name none',
    (name) => {
      expect(verdict(name, stale(undefined))).toBe(false);
      expect(verdict(name, stale('session'))).toBe(false);
      expect(verdict(name, stale('eventual'))).toBe('unknown');
      expect(verdict(name, stale('eventual'), { grade: 'eventual' })).toBe(false);
      // A write that names a grade is no read that does.
      expect(verdict(name, [...stale(undefined), info.write(7, 20, 21, { grade: 'session' })])).toBe(false);
    },
  );
});
