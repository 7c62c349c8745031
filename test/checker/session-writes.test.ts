import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { monotonicWrites, writesFollowReads } from '../../harness/checker/session-writes.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';
import { table } from './table.ts';

const final = { final: true as const, grade: 'linearizable' as const, process: 99 };
const session = { grade: 'session' as const };
const rev = (revision: number, more: Partial<Operation> = {}) => ({ revision, ...more });
const etcd = (revision: number, more: Partial<Operation> = {}) => ({
  revision,
  source: 'etcd' as const,
  ...more,
});

describe('monotonic writes', () => {
  table(monotonicWrites('real-time'), [
    [
      'revisions in the order of the process',
      [ok.write(1, 0, 1, rev(4)), ok.write(2, 2, 3, rev(5))],
      'valid',
    ],
    [
      'another process writes in between, and its revision is lower',
      [ok.write(1, 0, 1, rev(5)), ok.write(2, 2, 3, rev(4, { process: 1 })), ok.write(3, 4, 5, rev(6))],
      'valid',
    ],
    [
      'the last write of the process remains',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(2, 90, 91, final)],
      'valid',
    ],
    [
      'what remains may be the same value of somebody else',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(1, 4, 5, { process: 1 }), ok.read(1, 90, 91, final)],
      { unknown: /no process made two writes/ },
    ],
    [
      'one of two instances still shows the earlier write',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(1, 90, 91, { ...final, instance: 's1' }),
        ok.read(2, 90, 91, { ...final, instance: 's2' }),
      ],
      'valid',
    ],
    [
      'two keys whose stores count by themselves',
      [ok.write(1, 0, 1, rev(9)), ok.write(2, 2, 3, rev(3, { key: 'b' })), ok.write(3, 4, 5, rev(10))],
      'valid',
    ],
    [
      'a compare that did not hold wrote nothing, a refused write neither',
      [
        ok.write(1, 0, 1, rev(5)),
        ok.miss(7, 2, 2, 3, rev(3)),
        fail.write(3, 4, 5, rev(2)),
        ok.write(4, 6, 7, rev(6)),
      ],
      'valid',
    ],
    [
      'one transaction for two keys',
      [ok.write(1, 0, 1, etcd(5)), ok.write(2, 2, 3, etcd(5, { key: 'b' }))],
      'valid',
    ],
    [
      'the later write has the lower revision',
      [ok.write(1, 0, 1, rev(5)), ok.write(2, 2, 3, rev(4))],
      /^k: write 2 .* has the revision 4, before revision 5, although the same process had already made the write 1/,
    ],
    [
      'two writes before, with one between',
      [ok.write(1, 0, 1, rev(5)), ok.write(2, 2, 3), ok.write(3, 4, 5, rev(4))],
      /write 3 .* revision 4/,
    ],
    [
      'a delete has the lower revision',
      [ok.write(1, 0, 1, rev(5)), ok.delete(2, 3, rev(4))],
      /^k: delete .* revision 4/,
    ],
    [
      'a compare that held has the lower revision',
      [ok.write(1, 0, 1, rev(5)), ok.cas(1, 2, 2, 3, rev(4))],
      /cas 1 to 2 .* revision 4/,
    ],
    [
      'another key of etcd has the lower revision',
      [ok.write(1, 0, 1, etcd(5)), ok.write(2, 2, 3, etcd(4, { key: 'b' }))],
      /^b: write 2 .* revision 4, before revision 5/,
    ],
    [
      'the earlier write remains at the end',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 90, 91, final)],
      /the final read 1 .* shows what came before the write 2/,
    ],
    [
      'the earlier write remains on each instance',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(1, 90, 91, { ...final, instance: 's1' }),
        ok.read(1, 90, 91, { ...final, instance: 's2' }),
      ],
      /shows what came before the write 2/,
    ],
    [
      'one write a process',
      [ok.write(1, 0, 1, rev(5)), ok.write(2, 2, 3, rev(4, { process: 1 }))],
      { unknown: /no process made two writes/ },
    ],
    [
      'nothing tells the order',
      [ok.write(1, 0, 1), ok.write(2, 2, 3)],
      { unknown: /revisions or final reads/ },
    ],
  ]);
});

describe('monotonic writes at one instance', () => {
  const at = (instance: string, revision: number) => ({ instance, revision });
  const check = (operations: Operation[]) =>
    monotonicWrites('per-instance').check({ operations, faults: [] }, defaultBudget).valid;
  it('holds what one instance has acknowledged against itself alone', () => {
    expect(check([ok.write(1, 0, 1, at('s1', 5)), ok.write(2, 2, 3, at('s1', 4))])).toBe(false);
    expect(
      check([ok.write(1, 0, 1, at('s1', 5)), ok.write(2, 2, 3, at('s2', 4)), ok.write(3, 4, 5, at('s1', 6))]),
    ).toBe(true);
    expect(check([ok.write(1, 0, 1, at('s1', 5)), ok.write(2, 2, 3, at('s2', 4))])).toBe('unknown');
  });
});

describe('writes follow reads', () => {
  const read = (value: unknown, fromMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, fromMs, fromMs + 1, { ...session, ...more });
  const other = { process: 1 };
  table(writesFollowReads('session'), [
    ['the write has the higher revision', [read(1, 2, rev(4)), ok.write(2, 4, 5, rev(5))], 'valid'],
    [
      'a read of nothing binds nobody',
      [read(null, 0, rev(9)), read(1, 1, rev(3)), ok.write(2, 4, 5, rev(5))],
      'valid',
    ],
    [
      'a read at another grade binds nobody',
      [ok.read(1, 0, 1, { grade: 'eventual', revision: 9 }), read(3, 2, rev(4)), ok.write(2, 4, 5, rev(5))],
      'valid',
    ],
    [
      'another process had read it',
      [read(1, 0, rev(9, other)), read(3, 2, rev(4)), ok.write(2, 4, 5, rev(5))],
      'valid',
    ],
    [
      'the write remains',
      [ok.write(1, 0, 1, other), read(1, 2), ok.write(2, 4, 5), ok.read(2, 90, 91, final)],
      'valid',
    ],
    [
      'what was read may have been written again',
      [
        ok.write(1, 0, 1, other),
        read(1, 2),
        ok.write(2, 4, 5),
        info.write(1, 6, 7, other),
        ok.read(1, 90, 91, final),
      ],
      { unknown: /no process wrote after/ },
    ],
    [
      'a write that is open binds nothing',
      [read(1, 2, rev(4)), ok.write(2, 4, 5, rev(5)), info.write(3, 6, 7, rev(1))],
      'valid',
    ],
    [
      'the write has the lower revision',
      [read(1, 2, rev(5)), ok.write(2, 4, 5, rev(4))],
      /write 2 .* has the revision 4, before revision 5/,
    ],
    [
      'a delete has the lower revision',
      [read(1, 2, rev(5)), ok.delete(4, 5, rev(4))],
      /delete .* revision 4/,
    ],
    [
      'a compare has the lower revision',
      [read(1, 2, rev(5)), ok.cas(1, 2, 4, 5, rev(4))],
      /cas 1 to 2 .* revision 4/,
    ],
    [
      'another key of etcd has the lower revision',
      [read(1, 2, etcd(5)), ok.write(2, 4, 5, etcd(4, { key: 'b' }))],
      /^b: write 2 .* although the same process had already made the read 1/,
    ],
    [
      'what was read remains at the end',
      [ok.write(1, 0, 1, other), read(1, 2), ok.write(2, 4, 5), ok.read(1, 90, 91, final)],
      /shows what came before the write 2/,
    ],
    [
      'what was read of an open write remains at the end',
      [info.write(1, 0, 1, other), read(1, 2), ok.write(2, 4, 5), ok.read(1, 90, 91, final)],
      /shows what came before the write 2/,
    ],
    [
      'no write after a read',
      [ok.write(2, 0, 1, rev(5)), read(2, 2, rev(5))],
      { unknown: /no process wrote after a session read/ },
    ],
  ]);
});

describe('a store that carries out one write after the other', () => {
  const step = fc.record({
    process: fc.nat({ max: 3 }),
    key: fc.constantFrom('a', 'b'),
    what: fc.constantFrom('write' as const, 'read' as const, 'delete' as const, 'lost' as const),
  });
  it('is never accused, whatever it is asked', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = new Map<string, { value: number; revision: number }>();
        const operations: Operation[] = [];
        let revision = 0;
        steps.forEach(({ process, key, what }, i) => {
          const more = { process: what === 'lost' ? 100 + i : process, key };
          const at = [i * 10, i * 10 + 5] as const;
          const found = store.get(key);
          if (what === 'read') {
            operations.push(
              ok.read(found?.value ?? null, ...at, {
                ...more,
                ...session,
                ...(found && etcd(found.revision)),
              }),
            );
            return;
          }
          revision++;
          if (what === 'delete') {
            store.delete(key);
            operations.push(ok.delete(...at, { ...more, ...etcd(revision) }));
            return;
          }
          store.set(key, { value: i, revision });
          operations.push(
            what === 'lost' ? info.write(i, ...at, more) : ok.write(i, ...at, { ...more, ...etcd(revision) }),
          );
        });
        for (const key of ['a', 'b']) {
          operations.push(ok.read(store.get(key)?.value ?? null, 10_000, 10_001, { ...final, key }));
        }
        for (const checker of [monotonicWrites('real-time'), writesFollowReads('session')]) {
          expect(checker.check({ operations, faults: [] }, defaultBudget).valid).not.toBe(false);
        }
      }),
    );
  });
});
