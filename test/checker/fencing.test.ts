import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { fencing } from '../../harness/checker/fencing.ts';
import type { LeasesSeen } from '../../harness/history/observation.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';
import { table } from './table.ts';

const under = (fence: number, more: Partial<Operation> = {}) => ({ fence, ...more });

const seen = (
  atMs: number,
  revision: number,
  held: readonly [holder: string, epoch: number][],
): LeasesSeen => ({
  kind: 'leases',
  member: 'm1',
  askedNs: atMs * 1e6,
  answeredNs: (atMs + 1) * 1e6,
  revision,
  held: held.map(([holder, epoch]) => ({ holder, epoch })),
});

describe('fencing of keys', () => {
  table(fencing('key'), [
    ['tokens grow', [ok.write(1, 0, 1, under(4)), ok.write(2, 2, 3, under(7))], 'valid'],
    ['one holder writes on', [ok.write(1, 0, 1, under(4)), ok.write(2, 2, 3, under(4))], 'valid'],
    [
      'two keys have two holders',
      [ok.write(1, 0, 1, under(7)), ok.write(2, 2, 3, under(4, { key: 'b' }))],
      'valid',
    ],
    [
      'writes at the same time have no order',
      [ok.write(1, 0, 9, under(7)), ok.write(2, 1, 8, under(4))],
      'valid',
    ],
    ['the old holder is refused', [ok.write(1, 0, 1, under(7)), fail.write(2, 2, 3, under(4))], 'valid'],
    [
      'nobody knows whether the old holder wrote',
      [ok.write(1, 0, 1, under(7)), info.write(2, 2, 3, under(4))],
      'valid',
    ],
    [
      'revisions tell that the old holder wrote first',
      [ok.write(1, 0, 9, under(7, { revision: 6 })), ok.write(2, 1, 8, under(4, { revision: 5 }))],
      'valid',
    ],
    [
      'a compare that did not hold wrote nothing',
      [ok.write(1, 0, 1, under(7)), ok.miss(5, 2, 2, 3, under(4))],
      'valid',
    ],
    [
      'the old holder writes',
      [ok.write(1, 0, 1, under(7)), ok.write(2, 2, 3, under(4))],
      /^k: write 2 .* was accepted under token 4, although write 1 .* had been accepted under the newer token 7/,
    ],
    [
      'the old holder deletes',
      [ok.write(1, 0, 1, under(7)), ok.delete(2, 3, under(4))],
      /^k: delete .* under token 4/,
    ],
    [
      'the old holder swaps',
      [ok.write(1, 0, 1, under(7)), ok.cas(1, 2, 2, 3, under(4))],
      /cas 1 to 2 .* under token 4/,
    ],
    [
      'revisions tell that the old holder wrote last',
      [ok.write(1, 0, 9, under(7, { revision: 5 })), ok.write(2, 1, 8, under(4, { revision: 6 }))],
      /write 2 .* under token 4/,
    ],
    [
      'long after',
      [
        ok.write(1, 0, 1, under(7)),
        ok.write(2, 2, 3, under(8)),
        ok.write(3, 4, 5, under(8)),
        ok.write(4, 60, 61, under(5)),
      ],
      /write 4 .* although write (2|3) .* newer token 8/,
    ],
    [
      'between two of the new holder',
      [ok.write(1, 0, 1, under(7)), ok.write(2, 2, 3, under(4)), ok.write(3, 4, 5, under(7))],
      /write 2/,
    ],
    [
      'a write that was sent when another was acknowledged may come before it',
      [ok.write(1, 0, 2, under(7)), ok.write(2, 2, 3, under(4))],
      'valid',
    ],
    [
      'revisions tell that the old holder wrote first, whatever the clock says',
      [ok.write(1, 0, 1, under(7, { revision: 8 })), ok.write(2, 2, 3, under(4, { revision: 5 }))],
      'valid',
    ],
    [
      'only the newer write has a revision, so that the clock tells',
      [ok.write(1, 0, 1, under(7, { revision: 8 })), ok.write(2, 2, 3, under(4))],
      /write 2 .* under token 4/,
    ],
    [
      'only the older write has a revision, so that the clock tells',
      [ok.write(1, 0, 1, under(7)), ok.write(2, 2, 3, under(4, { revision: 5 }))],
      /write 2 .* under token 4/,
    ],
    [
      'a lease is gone that has the name of the key',
      {
        operations: [ok.write(1, 30, 31, under(4, { key: 's1', revision: 10, source: 'etcd' }))],
        observations: [seen(0, 5, [['s1', 4]]), seen(20, 9, [])],
      },
      'valid',
    ],
    ['no tokens', [ok.write(1, 0, 1)], { unknown: /named the fencing token/ }],
  ]);
});

describe('fencing of instances', () => {
  const at = (fence: number, revision: number, more: Partial<Operation> = {}): Partial<Operation> => ({
    fence,
    revision,
    instance: 's1',
    source: 'etcd',
    ...more,
  });
  const held = seen(0, 5, [['s1', 4]]);
  const gone = seen(20, 9, []);
  table(fencing('instance'), [
    [
      'two instances have a lease each',
      [ok.write(1, 0, 1, at(7, 8)), ok.write(2, 2, 3, at(4, 9, { instance: 's2' }))],
      'valid',
    ],
    [
      'a write before the lease was gone',
      { operations: [ok.write(1, 0, 1, at(4, 8))], observations: [held, gone] },
      'valid',
    ],
    [
      'a write at the very revision of the view',
      { operations: [ok.write(1, 0, 1, at(4, 9))], observations: [held, gone] },
      'valid',
    ],
    [
      'a member that has not seen the lease yet',
      { operations: [ok.write(1, 0, 1, at(4, 8))], observations: [seen(0, 3, []), held] },
      'valid',
    ],
    [
      'a write under the next lease',
      {
        operations: [ok.write(1, 30, 31, at(10, 12))],
        observations: [held, gone, seen(40, 12, [['s1', 10]])],
      },
      'valid',
    ],
    [
      'an observer that looks in the wrong place',
      { operations: [ok.write(1, 30, 31, at(4, 12))], observations: [seen(0, 5, []), gone] },
      'valid',
    ],
    [
      'the other instance has lost its lease',
      {
        operations: [ok.write(1, 30, 31, at(6, 12))],
        observations: [
          seen(0, 7, [
            ['s2', 4],
            ['s1', 6],
          ]),
          seen(20, 9, [['s1', 6]]),
        ],
      },
      'valid',
    ],
    [
      'a write after the lease was gone',
      { operations: [ok.write(1, 30, 31, at(4, 10))], observations: [held, gone] },
      /^k: write 1 .* was accepted at revision 10 under the lease of epoch 4, which m1 no longer had at revision 9/,
    ],
    [
      'a write after another had taken its place',
      { operations: [ok.write(1, 30, 31, at(4, 13))], observations: [held, seen(20, 11, [['s1', 10]])] },
      /epoch 4, which m1 no longer had at revision 11/,
    ],
    [
      'the last of two members shows it',
      {
        operations: [ok.write(1, 30, 31, at(4, 10))],
        observations: [held, { ...held, member: 'm2', askedNs: 3e7, answeredNs: 3.1e7 }, gone],
      },
      /m1 no longer had at revision 9/,
    ],
    [
      'an older lease after a newer one',
      [ok.write(1, 0, 1, at(7, 8)), ok.write(2, 2, 3, at(4, 9))],
      /under token 4/,
    ],
    [
      'of another key',
      [ok.write(1, 0, 1, at(7, 8)), ok.write(2, 2, 3, at(4, 9, { key: 'b' }))],
      /^b: write 2 .* under token 4/,
    ],
    [
      'told by the clock alone',
      [
        ok.write(1, 0, 1, at(7, 8, { source: 'primary' })),
        ok.write(2, 2, 3, at(4, 1, { key: 'b', source: 'primary' })),
      ],
      /^b: write 2 .* under token 4/,
    ],
    [
      'revisions of etcd tell the order of two keys, whatever the clock says',
      [ok.write(1, 0, 1, at(7, 8)), ok.write(2, 2, 3, at(4, 5, { key: 'b' }))],
      'valid',
    ],
    [
      'two keys of one transaction have no order',
      [ok.write(1, 0, 9, at(7, 8)), ok.write(2, 0, 9, at(4, 8, { key: 'b' }))],
      'valid',
    ],
    [
      'revisions of etcd tell the order of what was sent together',
      [ok.write(1, 0, 9, at(7, 8)), ok.write(2, 0, 9, at(4, 9, { key: 'b' }))],
      /^b: write 2 .* under token 4/,
    ],
    [
      'a database counts each key by itself',
      [
        ok.write(1, 0, 9, at(7, 8, { source: 'primary' })),
        ok.write(2, 0, 9, at(4, 9, { key: 'b', source: 'primary' })),
      ],
      'valid',
    ],
    [
      'revisions of two stores tell nothing, but the clock does',
      [ok.write(1, 0, 1, at(7, 8)), ok.write(2, 2, 3, at(4, 5, { key: 'b', source: 'primary' }))],
      /^b: write 2 .* under token 4/,
    ],
    [
      'nor do they the other way round',
      [ok.write(1, 0, 1, at(7, 8, { source: 'primary' })), ok.write(2, 2, 3, at(4, 5, { key: 'b' }))],
      /^b: write 2 .* under token 4/,
    ],
    [
      'what names no instance went through one',
      [
        ok.write(1, 0, 1, at(7, 8, { instance: undefined as never })),
        ok.write(2, 2, 3, at(4, 9, { instance: undefined as never })),
      ],
      /write 2 .* under token 4/,
    ],
    [
      'the revision of a database is no witness of the lease',
      {
        operations: [ok.write(1, 30, 31, at(4, 10, { source: 'primary' }))],
        observations: [held, gone],
      },
      'valid',
    ],
  ]);
});

describe('writes that are too late', () => {
  const told = (
    scope: 'key' | 'instance',
    operations: readonly Operation[],
    observations: LeasesSeen[] = [],
  ) => {
    const verdict = fencing(scope).check({ operations, observations, faults: [] }, defaultBudget);
    return verdict.valid === false ? verdict.violations : [];
  };

  it('are told each once, in order of time, beside the first write under the newest token before them', () => {
    for (const revisions of [[1, 2, 3, 4, 5, 6], []]) {
      const [one, two, three, four, five, six] = [7, 8, 8, 4, 5, 8].map((fence, i) =>
        ok.write(i, 10 * i, 10 * i + 5, under(fence, { revision: revisions[i] as number })),
      );
      const violations = told('key', [six!, five!, four!, three!, two!, one!]);
      expect(violations.map(({ atNs, operations }) => [atNs, operations])).toEqual([
        [30e6, [two, four]],
        [40e6, [two, five]],
      ]);
    }
  });

  it('are told for each lease that was gone', () => {
    const late = (value: number, atMs: number, key: string) =>
      ok.write(value, atMs, atMs + 1, {
        fence: 4,
        revision: 10 + value,
        instance: 's1',
        source: 'etcd',
        key,
      });
    const [first, second] = [late(1, 30, 'a'), late(2, 40, 'b')];
    const violations = told('instance', [second, first], [seen(0, 5, [['s1', 4]]), seen(20, 9, [])]);
    expect(violations.map(({ key, atNs, operations }) => [key, atNs, operations])).toEqual([
      ['a', 30e6, [first]],
      ['b', 40e6, [second]],
    ]);
  });

  it('are told by a checker of their name', () => {
    expect(fencing('key').name).toBe('fencing');
  });
});

describe('a store that compares tokens', () => {
  it('is never accused; without the comparison it is as soon as an older one writes', () => {
    const step = fc.record({ token: fc.nat({ max: 5 }), takesMs: fc.nat({ max: 25 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let newest = 0;
        const accepted: Operation[] = [];
        const blind: Operation[] = [];
        let fell = false;
        steps.forEach(({ token, takesMs }, i) => {
          const at = [i * 10 - takesMs, i * 10 + takesMs] as const;
          const more = under(token, { process: i });
          blind.push(ok.write(i, ...at, { ...more, revision: i + 1 }));
          if (token < newest) {
            fell = true;
            accepted.push(fail.write(i, ...at, more));
            return;
          }
          newest = token;
          accepted.push(ok.write(i, ...at, more));
        });
        const check = (operations: Operation[]) =>
          fencing('key').check({ operations, faults: [] }, defaultBudget).valid;
        expect(check(accepted)).not.toBe(false);
        if (steps.length > 0) expect(check(blind)).toBe(!fell);
      }),
    );
  });
});
