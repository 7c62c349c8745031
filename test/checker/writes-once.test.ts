import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { duplicatedWrites } from '../../harness/checker/duplicated-writes.ts';
import { resurrectedWrites } from '../../harness/checker/resurrected-writes.ts';
import { stalenessInRevisions } from '../../harness/checker/staleness-revisions.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { LogEvent, WatchLog } from '../../harness/history/watch.ts';
import { fail, info, ok } from './build.ts';
import { table } from './table.ts';

const linearizable = { grade: 'linearizable' as const };
const eventual = { grade: 'eventual' as const };
const final = { ...linearizable, final: true as const };
const rev = (revision: number, more: Partial<Operation> = {}) => ({ revision, ...more });

describe('duplicated writes', () => {
  table(duplicatedWrites, [
    [
      'the answer and a read name one revision',
      [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(4))],
      'valid',
    ],
    [
      'two reads name one revision',
      [info.write(1, 0, 1), ok.read(1, 2, 3, rev(4)), ok.read(1, 4, 5, rev(4))],
      'valid',
    ],
    [
      'two operations have written the value',
      [
        ok.write(1, 0, 1, rev(4)),
        ok.write(1, 2, 3, rev(5)),
        ok.read(1, 4, 5, rev(5)),
        ok.write(2, 6, 7, rev(6)),
        ok.read(2, 8, 9, rev(6)),
      ],
      'valid',
    ],
    [
      'a cache counts otherwise than the store',
      [
        ok.write(1, 0, 1, rev(4, { source: 'primary' })),
        ok.read(1, 2, 3, rev(1, { source: 'cache' })),
        ok.read(1, 4, 5, rev(4, { source: 'primary' })),
      ],
      'valid',
    ],
    [
      'nothing is there as of many revisions',
      [
        ok.write(1, 0, 1, rev(4)),
        ok.read(1, 2, 3, rev(4)),
        ok.read(null, 4, 5, rev(8)),
        ok.read(null, 6, 7, rev(9)),
      ],
      'valid',
    ],
    [
      'the same value of another key',
      [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(4)), ok.write(1, 4, 5, rev(5, { key: 'b' }))],
      'valid',
    ],
    [
      'an answer that names no revision is held against none',
      [ok.write(1, 0, 1), ok.read(1, 2, 3, rev(4))],
      { unknown: /named with a revision twice/ },
    ],
    [
      'nor is a read that names none',
      [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3)],
      { unknown: /named with a revision twice/ },
    ],
    [
      'nor what failed, or has no answer',
      [
        info.write(1, 0, 1, rev(3)),
        ok.read(1, 2, 3, rev(4)),
        { ...ok.read(1, 4, 5, rev(6)), outcome: 'fail' },
      ],
      { unknown: /named with a revision twice/ },
    ],
    [
      'nor what is no read',
      [ok.write(1, 0, 1, rev(4)), ok.add(1, 2, 3, rev(6))],
      { unknown: /named with a revision twice/ },
    ],
    [
      'a read names a later revision than the answer',
      [ok.write(1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(6))],
      /^k: 1 was written twice: it has revision 4 in write 1 .* and revision 6 in read 1/,
    ],
    [
      'two reads of an open write name two revisions',
      [info.write(1, 0, 1), ok.read(1, 2, 3, rev(4)), ok.read(1, 4, 5, rev(6))],
      /1 was written twice.*but only write 1 .* wrote it/,
    ],
    ['a compare that held', [ok.cas(null, 1, 0, 1, rev(4)), ok.read(1, 2, 3, rev(5))], /1 was written twice/],
    [
      'the copy shows it, after the store',
      [
        ok.write(1, 0, 1, rev(4, { source: 'etcd' })),
        ok.read(1, 2, 3, rev(4, { source: 'cache' })),
        ok.read(1, 4, 5, rev(7, { source: 'cache' })),
      ],
      /revision 4 in read 1 .* and revision 7/,
    ],
    [
      'a refused operation with the value does not count as its writer',
      [ok.write(1, 0, 1, rev(4)), fail.write(1, 2, 3), ok.read(1, 4, 5, rev(6))],
      /1 was written twice/,
    ],
    ['an object', [ok.write({ a: 1 }, 0, 1, rev(4)), ok.read({ a: 1 }, 2, 3, rev(5))], /was written twice/],
    ['no revisions', [ok.write(1, 0, 1), ok.read(1, 2, 3)], { unknown: /no value of a single write/ }],
  ]);
});

describe('duplicated writes, beside the log of the store', () => {
  const put = (value: string, revision: number, more: Partial<LogEvent> = {}): LogEvent => ({
    ...{ revision, key: 'kv/k', kind: 'put', value },
    ...more,
  });
  const check = (
    operations: readonly Operation[],
    events: readonly LogEvent[],
    more: Partial<WatchLog> = {},
  ) => {
    const bounds = { fromRevision: 1, toRevision: 99, allKeys: true, compactions: [], valuesUnder: 'kv/' };
    const watches = { log: { ...bounds, events, ...more }, watchers: [] };
    return duplicatedWrites.check({ operations, faults: [], watches }, defaultBudget);
  };
  const lost = info.write(1, 0, 1);

  it.each<[string, Operation[], LogEvent[]]>([
    ['one put', [lost], [put('1', 4)]],
    ['a put and a delete', [lost], [put('1', 4), put('1', 5, { kind: 'delete' })]],
    ['the same change, told by two members', [lost], [put('1', 4), put('1', 4)]],
    ['two operations have written the value', [lost, ok.write(1, 2, 3)], [put('1', 4), put('1', 5)]],
    [
      'a transaction may have put the other',
      [lost, ok.txn([['w', 'k', 1]], 2, 3)],
      [put('1', 4), put('1', 5)],
    ],
    ['the same value of another key', [lost], [put('1', 4), put('1', 5, { key: 'kv/l' })]],
    ['and outside of what the operations name', [lost], [put('1', 4), put('1', 5, { key: 'k' })]],
    ['a text, and what it is as JSON', [info.write('x', 0, 1)], [put('x', 4), put('"x"', 5)]],
  ])('accepts: %s', (_, operations, events) => {
    expect(check(operations, events).valid).not.toBe(false);
  });

  it.each<[string, Operation[], LogEvent[], RegExp]>([
    [
      'a write without an answer',
      [lost],
      [put('1', 4), put('1', 6)],
      /written twice: .* revision 4 and at revision 6/,
    ],
    [
      'one that nobody has read',
      [ok.write(1, 0, 1)],
      [put('1', 4), put('2', 5), put('1', 6)],
      /written twice/,
    ],
    [
      'three times',
      [lost],
      [put('1', 4), put('1', 6), put('1', 9)],
      /3 times: .* revision 4 and at revision 9/,
    ],
    ['a text', [info.write('x', 0, 1)], [put('x', 4), put('x', 6)], /written twice/],
    ['JSON', [info.write({ a: 1 }, 0, 1)], [put('{"a":1}', 4), put('{"a":1}', 6)], /written twice/],
    [
      'JSON, beside its text',
      [info.write('x', 0, 1)],
      [put('x', 3), put('"x"', 4), put('"x"', 6)],
      /revision 4 and at/,
    ],
  ])('rejects: %s', (_, operations, events, summary) => {
    const verdict = check(operations, events);
    expect(verdict).toMatchObject({
      valid: false,
      violations: [{ checker: 'duplicated-writes', key: 'k', operations: [operations[0]] }],
    });
    expect(verdict.valid === false && verdict.violations[0]!.summary).toMatch(summary);
  });

  it('is told once, with when it was seen, and beside an answer that shows it, too', () => {
    const events = [put('1', 4, { atNs: 2e6 }), put('1', 6, { atNs: 7e6 })];
    const shown = [ok.write(1, 0, 1, rev(4)), ok.read(1, 8, 9, rev(6))];
    expect(check(shown, events)).toMatchObject({ valid: false, violations: [{ atNs: 7e6 }] });
  });

  it('a log that need not be whole, or is not of the operations, tells nothing', () => {
    const twice = [put('1', 4), put('1', 6)];
    expect(check([lost], twice, { allKeys: false }).valid).toBe('unknown');
    expect(check([lost], twice, { valuesUnder: undefined as never }).valid).toBe('unknown');
  });
});

describe('resurrected writes', () => {
  const read = (value: unknown, fromMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, fromMs, fromMs + 1, { ...linearizable, ...more });
  const twoWrites = [ok.write(1, 0, 1), ok.write(2, 2, 3)];
  table(resurrectedWrites('real-time'), [
    [
      'the newer value stays',
      [...twoWrites, read(2, 4), read(2, 6), ok.write(3, 8, 9), read(3, 10)],
      'valid',
    ],
    [
      'one of two concurrent writes after the other',
      [ok.write(1, 0, 9), ok.write(2, 1, 8), read(2, 10), read(1, 12)],
      'valid',
    ],
    [
      'the value may have been written again',
      [...twoWrites, read(2, 4), info.write(1, 5, 6), read(1, 8), ok.write(3, 10, 11), read(3, 12)],
      'valid',
    ],
    ['an open write arrives late', [info.write(1, 0, 1), ok.write(2, 2, 3), read(2, 4), read(1, 6)], 'valid'],
    [
      'a weaker read shows an old copy',
      [...twoWrites, read(2, 4), ok.read(1, 6, 7, eventual), ok.write(3, 8, 9), read(3, 10)],
      'valid',
    ],
    [
      'nothing was there before the write, and so it was no delete',
      [ok.delete(0, 1), read(null, 2), ok.write(1, 4, 5), read(1, 6)],
      'valid',
    ],
    [
      'reads at the same time have no order',
      [
        ...twoWrites,
        ok.read(2, 4, 9, linearizable),
        ok.read(1, 5, 8, linearizable),
        read(2, 10),
        ok.write(3, 12, 13),
        read(3, 14),
      ],
      'valid',
    ],
    [
      'what was overwritten is back',
      [...twoWrites, read(2, 4), read(1, 6)],
      /^k: read 1 .* but 1 had been replaced by write 2 .* and was gone in read 2/,
    ],
    ['at the end', [...twoWrites, read(2, 4), read(1, 90, final)], /^k: final read 1 .* was gone in/],
    [
      'what was deleted is back',
      [ok.write(1, 0, 1), ok.delete(2, 3), read(null, 4), read(1, 6)],
      /1 had been replaced by delete/,
    ],
    [
      'what an open delete took is back',
      [ok.write(1, 0, 1), info.delete(2, 3), read(null, 4), read(1, 6)],
      /1 had been replaced by delete/,
    ],
    [
      'what a compare replaced is back',
      [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), read(2, 4), read(1, 6)],
      /replaced by cas 1 to 2/,
    ],
    [
      'after others',
      [...twoWrites, read(2, 4), ok.write(3, 5, 6), read(3, 7), read(1, 8)],
      /1 had been replaced by write 3/,
    ],
    [
      'final reads of the strongest grade that was asked',
      [...twoWrites, read(2, 80, { ...eventual, final: true }), read(1, 90, { ...eventual, final: true })],
      /final read 1/,
    ],
    ['lost, but never seen', [...twoWrites, read(1, 6)], { unknown: /no key that had changed/ }],
    ['nothing read', twoWrites, { unknown: /no key that had changed/ }],
  ]);
});

describe('staleness of at most one revision', () => {
  const read = (value: unknown, fromMs: number, more: Partial<Operation> = {}) =>
    ok.read(value, fromMs, fromMs + 1, { ...eventual, ...more });
  const three = [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.write(3, 4, 5)];
  table(stalenessInRevisions({ grade: 'eventual', maxRevisions: 1, order: 'real-time' }), [
    ['the newest', [...three, read(3, 10)], 'valid'],
    ['one is missing', [...three, read(2, 10)], 'valid'],
    [
      'two are missing, but one is open',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), info.write(3, 4, 5), read(1, 10)],
      'valid',
    ],
    [
      'two are missing, but one was acknowledged later',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.write(3, 4, 50), read(1, 10)],
      'valid',
    ],
    [
      'two are missing, but one may have come before',
      [ok.write(1, 0, 3), ok.write(2, 2, 3), ok.write(3, 4, 5), read(1, 10)],
      'valid',
    ],
    ['two are missing, and it says so', [...three, read(1, 10, { cache: 'stale' }), read(3, 12)], 'valid'],
    ['of another grade', [...three, ok.read(1, 10, 11, linearizable), read(3, 12)], 'valid'],
    [
      'two are missing',
      [...three, read(1, 10)],
      /^k: eventual read 1 .* but at least 2 newer writes had been acknowledged, the last of them write 3/,
    ],
    ['all are missing', [...three, read(null, 10)], /eventual read nothing .* at least 2 newer/],
    [
      'a delete counts',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.delete(4, 5), read(1, 10)],
      /the last of them delete/,
    ],
    [
      'a compare that held counts',
      [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.cas(2, 3, 4, 5), read(1, 10)],
      /cas 2 to 3/,
    ],
    [
      'revisions tell the order of what was sent together',
      [ok.write(1, 0, 5, rev(1)), ok.write(2, 0, 5, rev(2)), ok.write(3, 0, 5, rev(3)), read(1, 10)],
      /at least 2 newer/,
    ],
    ['nobody had written it', [...three, read(9, 10)], /nobody had written 9/],
    ['no read', three, { unknown: /no eventual read succeeded/ }],
    ['no write', [read(null, 10)], { unknown: /no write was acknowledged/ }],
  ]);
});

describe('a store that carries out one operation after the other', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b'),
    what: fc.constantFrom('write' as const, 'read' as const, 'delete' as const, 'lost' as const),
    takesMs: fc.nat({ max: 25 }),
  });
  it('is never accused, and a second put of a value is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = new Map<string, { value: number; revision: number }>();
        const operations: Operation[] = [];
        let revision = 0;
        steps.forEach(({ key, what, takesMs }, i) => {
          // Carried out at i * 10, somewhere between sending and answer: operations overlap.
          const at = [i * 10 - takesMs, i * 10 + takesMs] as const;
          const more = { key, process: i };
          const found = store.get(key);
          if (what === 'read') {
            operations.push(
              ok.read(found?.value ?? null, ...at, {
                ...more,
                ...linearizable,
                ...(found && rev(found.revision)),
              }),
            );
            return;
          }
          revision++;
          if (what === 'delete') store.delete(key);
          else store.set(key, { value: i, revision });
          if (what === 'delete') operations.push(ok.delete(...at, { ...more, revision }));
          else if (what === 'lost') operations.push(info.write(i, ...at, more));
          else operations.push(ok.write(i, ...at, { ...more, revision }));
        });
        const checkers = [
          duplicatedWrites,
          resurrectedWrites('real-time'),
          stalenessInRevisions({ grade: 'linearizable', maxRevisions: 0, order: 'real-time' }),
        ];
        const check = (some: Operation[]) =>
          checkers.map((checker) => checker.check({ operations: some, faults: [] }, defaultBudget).valid);
        expect(check(operations)).not.toContain(false);
        const written = operations.find(({ f, outcome }) => f === 'write' && outcome === 'ok');
        if (written === undefined) return;
        const again = ok.read(written.value, 100_000, 100_001, {
          key: written.key,
          ...linearizable,
          revision: revision + 1,
        });
        expect(check([...operations, again])[0]).toBe(false);
      }),
    );
  });
});
