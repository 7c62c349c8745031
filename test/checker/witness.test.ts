import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { closeOpenWrites, tellClosed } from '../../harness/checker/close-open-writes.ts';
import { keyHistory } from '../../harness/checker/key-history.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { register } from '../../harness/checker/models/register.ts';
import { isWitnessed } from '../../harness/checker/witness.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { LogEvent, WatchHistory, WatchLog } from '../../harness/history/watch.ts';
import { seeded } from '../../harness/random.ts';
import { isLinearizableByBruteForce } from './brute-force.ts';
import { info, ok } from './build.ts';
import { generate } from './generate.ts';

const witnessed = (operations: readonly Operation[]) => isWitnessed(keyHistory(register, operations));
const at = (revision: number) => ({ revision });

describe('the order that revisions tell', () => {
  const table: [name: string, operations: Operation[], proves: boolean][] = [
    ['nothing at all', [], true],
    ['reads of nothing', [ok.read(null, 0, 1), ok.read(null, 2, 3)], true],
    ['a write and its read', [ok.write(1, 0, 1, at(5)), ok.read(1, 2, 3)], true],
    [
      'two writes at one time, the later sent first',
      [ok.write(1, 0, 9, at(6)), ok.write(2, 0, 9, at(5)), ok.read(1, 10, 11)],
      true,
    ],
    ['of one value twice', [ok.write(1, 0, 1, at(5)), ok.write(1, 2, 3, at(6)), ok.read(1, 4, 5)], true],
    [
      'compares that hold and do not',
      [ok.write(1, 0, 1, at(5)), ok.miss(2, 3, 2, 3), ok.cas(1, 2, 4, 5, at(6)), ok.miss(1, 3, 6, 7)],
      true,
    ],
    [
      'a compare that fails at the same time as the write that would let it',
      [ok.write(1, 0, 1, at(5)), ok.write(2, 2, 9, at(6)), ok.miss(2, 3, 2, 9), ok.miss(1, 3, 10, 11)],
      true,
    ],
    ['a read between', [ok.write(1, 0, 9, at(5)), ok.write(2, 0, 9, at(6)), ok.read(1, 0, 9)], true],
    [
      'an open write with the revision of its read',
      [info.write(1, 0, 1), ok.miss(7, 8, 0, 1), ok.read(1, 2, 3, at(5))],
      true,
    ],
    ['a write without a revision', [ok.write(1, 0, 1), ok.read(1, 2, 3)], false],
    ['a revision of 0', [ok.write(1, 0, 1, at(0))], false],
    ['one revision for two', [ok.write(1, 0, 1, at(5)), ok.write(2, 2, 3, at(5))], false],
    ['revisions against the clock', [ok.write(1, 0, 1, at(6)), ok.write(2, 2, 3, at(5))], false],
    [
      'a compare that swapped what was not there',
      [ok.write(1, 0, 1, at(5)), ok.cas(2, 3, 2, 3, at(6))],
      false,
    ],
    ['a stale read', [ok.write(1, 0, 1, at(5)), ok.write(2, 2, 3, at(6)), ok.read(1, 4, 5)], false],
    ['a read of what is not yet sent', [ok.read(1, 0, 1), ok.write(1, 2, 3, at(5))], false],
    [
      'reads that go back',
      [ok.write(1, 0, 99, at(5)), ok.write(2, 0, 99, at(6)), ok.read(2, 10, 11), ok.read(1, 12, 13)],
      false,
    ],
    [
      'a compare that did not hold with what was there',
      [ok.write(1, 0, 1, at(5)), ok.miss(1, 2, 2, 3)],
      false,
    ],
    ['times that are none', [ok.write(1, 0, 1, at(5)), ok.read(1, 9, 3), ok.read(1, 5, 6)], false],
  ];
  test.each(table)('%s', (_, operations, proves) => {
    expect(witnessed(operations)).toBe(proves);
  });

  it('proves whatever a store with revisions did', () => {
    for (let seed = 0; seed < 300; seed++) {
      const operations = generate({
        seed,
        clients: 1 + (seed % 12),
        keys: 1,
        operations: 60,
        mix: { read: 4, write: 3, cas: 3, delete: 1 },
        values: seed % 2 === 0 ? 3 : undefined,
        revisions: true,
      });
      if (!witnessed(operations)) throw new Error(`seed ${seed}`);
    }
  });

  it('never proves what trying every order refutes, whatever the revisions say', () => {
    const counts = { proved: 0, refuted: 0 };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const operations = generate({
          seed,
          clients: 4,
          keys: 1,
          operations: 8,
          mix: { read: 3, write: 3, cas: 1 },
          values: 3,
          infoShare: 0.1,
          revisions: true,
        });
        for (let lies = random.integer(0, 3); lies > 0; lies--) {
          const i = random.integer(0, operations.length - 1);
          const one = operations[i]!;
          const other = random.pick(operations);
          operations[i] =
            one.f === 'read' && one.outcome === 'ok'
              ? { ...one, value: other.f === 'write' ? other.value : null }
              : { ...one, revision: other.revision ?? 1 };
        }
        const expected = isLinearizableByBruteForce(operations);
        if (!expected) counts.refuted++;
        if (!witnessed(operations)) return;
        counts.proved++;
        expect(expected).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(counts.proved).toBeGreaterThan(100);
    expect(counts.refuted).toBeGreaterThan(100);
  });
});

describe('an open write beside the log of a watch of all keys', () => {
  const event = (key: string, value: string, more: Partial<LogEvent> = {}): LogEvent => ({
    revision: 7,
    key,
    kind: 'put',
    value,
    atNs: 5e6,
    ...more,
  });
  const logOf = (events: readonly LogEvent[], more: Partial<WatchLog> = {}): { watches: WatchHistory } => ({
    watches: {
      log: {
        fromRevision: 1,
        toRevision: 99,
        allKeys: true,
        events,
        compactions: [],
        valuesUnder: '',
        ...more,
      },
      watchers: [],
    },
  });
  const closed = (
    operations: readonly Operation[],
    events: readonly LogEvent[],
    more: Partial<WatchLog> = {},
  ) => closeOpenWrites({ operations, faults: [], ...logOf(events, more) });
  const open = info.write(1, 0, 1);
  const happened = { outcome: 'ok', revision: 7, returnNs: 5e6 };

  const table: [name: string, operations: Operation[], events: LogEvent[], expected: object][] = [
    ['that has it', [open], [event('k', '1')], happened],
    ['that has it as its text', [info.write('x', 0, 1)], [event('k', 'x')], happened],
    ['that has it as its JSON', [info.write('x', 0, 1)], [event('k', '"x"')], happened],
    ['of an object', [info.write({ a: 1 }, 0, 1)], [event('k', '{"a":1}')], happened],
    ['of a compare', [info.cas(3, 1, 0, 1)], [event('k', '1')], { ...happened, swapped: true }],
    [
      'that does not tell when',
      [open],
      [event('k', '1', { atNs: undefined as never })],
      { outcome: 'ok', returnNs: Number.POSITIVE_INFINITY },
    ],
    [
      'whose clock is another',
      [info.write(1, 6, 7)],
      [event('k', '1')],
      { outcome: 'ok', returnNs: Number.POSITIVE_INFINITY },
    ],
    ['that lacks it', [open], [event('k', '2')], { outcome: 'info' }],
    ['that has it of another key', [open], [event('l', '1')], { outcome: 'info' }],
    ['that has it twice', [open], [event('k', '1'), event('k', '1', { revision: 8 })], { outcome: 'info' }],
    ['of which another may be the writer', [open, ok.write(1, 0, 1)], [event('k', '1')], { outcome: 'info' }],
    [
      'that has its text and its JSON',
      [info.write('x', 0, 1)],
      [event('k', 'x'), event('k', '"x"')],
      { outcome: 'info' },
    ],
    ['that has a delete', [open], [event('k', '1', { kind: 'delete' })], { outcome: 'info' }],
    ['of a delete', [info.delete(0, 1)], [event('k', 'null')], { outcome: 'info' }],
    ['of a read', [info.read(1, 0, 1)], [event('k', '1')], { outcome: 'info' }],
    [
      'of which a transaction may be the writer',
      [open, ok.txn([['w', 'k', 1]], 0, 1)],
      [event('k', '1')],
      { outcome: 'info' },
    ],
    [
      'that lacks it, for a transaction of another key has its value',
      [open, ok.txn([['w', 'l', 1]], 0, 1)],
      [event('k', '1')],
      happened,
    ],
  ];
  test.each(table)('%s', (_, operations, events, expected) => {
    expect(closed(operations, events)[0]).toMatchObject(expected);
  });

  it('is counted, where there are open writes and a log that could have them', () => {
    const tell = (operations: readonly Operation[], more: Partial<WatchLog> = {}) =>
      tellClosed({ operations, faults: [], ...logOf([event('k', '1')], more) });
    expect(tell([open, info.write(2, 0, 1), info.read(1, 0, 1)])).toBe(
      '1 of 2 writes without an answer were seen in the store',
    );
    expect(tell([ok.write(1, 0, 1)])).toBeUndefined();
    expect(tell([open], { valuesUnder: undefined as never })).toBeUndefined();
  });

  it('of some keys only stays open', () => {
    expect(closed([open], [event('k', '1')], { allKeys: false })).toEqual([open]);
  });

  it('of a service whose values are somewhere else stays open', () => {
    expect(closed([open], [event('k', '1')], { valuesUnder: undefined as never })).toEqual([open]);
  });

  it('is found behind the prefix under which the service keeps its keys, and nowhere else', () => {
    const under = { valuesUnder: 'service/kv/' };
    expect(closed([open], [event('service/kv/k', '1')], under)[0]).toMatchObject(happened);
    expect(closed([open], [event('k', '1')], under)).toEqual([open]);
    expect(closed([open], [event('other/kv/k', '1')], under)).toEqual([open]);
    // Beside another service's key that ends alike it is still told from it.
    expect(
      closed([open], [event('other/kv/k', '1', { revision: 5 }), event('service/kv/k', '1')], under)[0],
    ).toMatchObject(happened);
  });

  it('shows a violation that nobody could have proved without it, and says how it is known', () => {
    const operations = [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 6, 7)];
    const check = (watches: object) =>
      linearizability().check({ operations, faults: [], ...watches }, defaultBudget);
    expect(check({}).valid).toBe(true);
    const verdict = check(logOf([event('k', '1')]));
    expect(verdict).toMatchObject({ valid: false });
    expect(verdict.valid === false && verdict.violations[0]!.summary).toBe(
      'k: read 9 by process 0 at 6 ms, but 9 was overwritten by write 1 by process 0 (sent 2 ms, no answer, but seen in the store by 5 ms)',
    );
  });

  type Only = [name: string, operations: Operation[], events: LogEvent[]];

  // Without the log each of these is valid: only that the open write happened, and when, decides.
  const wrong: Only[] = [
    [
      'a read of what an open write had replaced',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 6, 7)],
      [event('k', '1')],
    ],
    ['a read of nothing after an open write', [info.write(1, 0, 1), ok.read(null, 6, 7)], [event('k', '1')]],
    [
      'a compare that held against what an open write had replaced',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.cas(9, 2, 6, 7)],
      [event('k', '1')],
    ],
    [
      'an open compare and what it found both read on',
      [ok.write(9, 0, 1), info.cas(9, 1, 2, 3), ok.read(9, 6, 7)],
      [event('k', '1')],
    ],
    [
      'a compare that missed where the open write had put what it looked for',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.miss(1, 2, 6, 7)],
      [event('k', '1')],
    ],
    [
      'a read that goes back to an open write which had been replaced',
      [info.write(1, 0, 1), ok.write(2, 6, 7), ok.read(2, 9, 10), ok.read(1, 11, 12)],
      [event('k', '1'), event('k', '2', { revision: 8, atNs: 7e6 })],
    ],
  ];
  test.each(wrong)('alone shows %s', (_, operations, events) => {
    const check = (more: object) =>
      linearizability().check({ operations, faults: [], ...more }, defaultBudget).valid;
    expect([check({}), check(logOf(events))]).toEqual([true, false]);
  });

  const right: Only[] = [
    [
      'a read of the old value sent before the log had the write',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 4, 7)],
      [event('k', '1')],
    ],
    [
      'a read sent at the very time of the log',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 5, 7)],
      [event('k', '1')],
    ],
    [
      'a read of the open write itself',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(1, 6, 7)],
      [event('k', '1')],
    ],
    [
      'a write that the log lacks, never read',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 6, 7)],
      [],
    ],
    [
      'a write that the log lacks, and yet read',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(1, 6, 7)],
      [],
    ],
    [
      'a write after the end of the log',
      [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 6, 7), ok.read(1, 8, 9)],
      [event('k', '9', { revision: 6, atNs: 1e6 })],
    ],
  ];
  test.each(right)('accuses nobody of %s', (_, operations, events) => {
    const history = { operations, faults: [], ...logOf(events) };
    expect(linearizability().check(history, defaultBudget).valid).toBe(true);
  });

  it('never makes what a linearizable store answered illegal, wherever the log ends and however late it is', () => {
    let closedWrites = 0;
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 100 }), fc.nat({ max: 3_000 }), (seed, share, lateNs) => {
        const events: LogEvent[] = [];
        const operations = generate(
          {
            seed,
            clients: 4,
            operations: 60,
            keys: 2,
            mix: { read: 4, write: 3, cas: 2 },
            infoShare: 0.3,
          },
          (changed) => events.push({ ...changed, atNs: changed.atNs! + lateNs }),
        );
        const told = logOf(events.slice(0, Math.ceil((events.length * share) / 100)));
        const history = { operations, faults: [], ...told };
        const after = closeOpenWrites(history);
        closedWrites += after.filter((one, i) => one !== operations[i]).length;
        expect(linearizability().check(history, defaultBudget).valid).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(closedWrites).toBeGreaterThan(500);
  });
});
