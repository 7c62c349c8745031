import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { closeOpenWrites } from '../../harness/checker/close-open-writes.ts';
import { keyHistory } from '../../harness/checker/key-history.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { register } from '../../harness/checker/models/register.ts';
import { isWitnessed } from '../../harness/checker/witness.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { LogEvent } from '../../harness/history/watch.ts';
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
  const closed = (operations: readonly Operation[], events: readonly LogEvent[], allKeys = true) =>
    closeOpenWrites({
      operations,
      faults: [],
      watches: {
        log: { fromRevision: 1, toRevision: 99, allKeys, events, compactions: [] },
        watchers: [],
      },
    });
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
  ];
  test.each(table)('%s', (_, operations, events, expected) => {
    expect(closed(operations, events)[0]).toMatchObject(expected);
  });

  it('of some keys only stays open', () => {
    expect(closed([open], [event('k', '1')], false)).toEqual([open]);
  });

  it('shows a violation that nobody could have proved without it, and says how it is known', () => {
    const operations = [ok.write(9, 0, 1), info.write(1, 2, 3), ok.read(9, 6, 7)];
    const check = (watches: object) =>
      linearizability().check({ operations, faults: [], ...watches }, defaultBudget);
    expect(check({}).valid).toBe(true);
    const log = {
      fromRevision: 1,
      toRevision: 99,
      allKeys: true,
      events: [event('k', '1')],
      compactions: [],
    };
    const verdict = check({ watches: { log, watchers: [] } });
    expect(verdict).toMatchObject({ valid: false });
    expect(verdict.valid === false && verdict.violations[0]!.summary).toBe(
      'k: read 9 by process 0 at 6 ms, but 9 was overwritten by write 1 by process 0 (sent 2 ms, no answer, but seen in the store by 5 ms)',
    );
  });
});
