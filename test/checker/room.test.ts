import { assert, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideKey } from '../../harness/checker/decide.ts';
import type { Step } from '../../harness/checker/key-history.ts';
import { register } from '../../harness/checker/models/register.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { generate } from './generate.ts';

/** Some are decided at once, some by a search, and some have an answer that no order gives. */
function aKey(seed: number): readonly Operation[] {
  const made = generate({
    seed,
    clients: 4,
    keys: 1,
    operations: seed % 23,
    mix: { read: 3, write: 2, cas: seed % 3 },
    values: 3,
    infoShare: (seed % 4) / 10,
    revisions: seed % 2 === 0,
  });
  const wrong = seed % 5 === 0 ? made.findLastIndex((one) => one.f === 'read' && one.outcome === 'ok') : -1;
  return made.map((one, i) => (i === wrong ? { ...one, value: 4 - Number(one.value) } : one));
}

describe('a room that is kept from key to key', () => {
  test('changes no answer, of the keys nor of searches that are run when all keys have been begun', () => {
    const seen = new Set<string>();
    assert(
      property(
        record({ seed: integer({ min: 0, max: 100_000 }), keys: integer({ min: 2, max: 8 }) }),
        (one) => {
          const keys = Array.from({ length: one.keys }, (_, i) => aKey(one.seed + i));
          const room: { steps: Step[] } = { steps: [] };
          const begun = keys.map((operations) => decideKey(register, operations, room));
          const answers = begun.map((one) =>
            typeof one === 'string' ? one : `searched: ${one.run(100_000)}`,
          );
          const alone = keys.map((operations) => {
            const decided = decideKey(register, operations);
            return typeof decided === 'string' ? decided : `searched: ${decided.run(100_000)}`;
          });
          expect(answers).toEqual(alone);
          for (const answer of answers) seen.add(answer);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    expect([...seen].sort()).toEqual([
      'illegal',
      'linearizable',
      'searched: illegal',
      'searched: linearizable',
    ]);
  });

  test('steps are used again, unless a search still looks at them', () => {
    const room: { steps: Step[] } = { steps: [] };
    const at = { key: 'k', outcome: 'ok', revision: 1 } as const;
    const write = (value: number): Operation => ({
      ...at,
      process: 0,
      f: 'write',
      value,
      invokeNs: 0,
      returnNs: 1,
    });
    expect(decideKey(register, [write(1)], room)).toBe('linearizable');
    const [step] = room.steps;
    expect(decideKey(register, [write(2)], room)).toBe('linearizable');
    expect(room.steps).toHaveLength(1);
    expect(room.steps[0]).toBe(step);
    expect(step?.operation.value).toBe(2);
    // Two writes of 1 without revisions, and something that looks for it: neither zones nor revisions decide.
    const twice = [write(1), { ...write(1), process: 1 }].map((one) => ({ ...one, revision: undefined }));
    const read: Operation = { ...at, process: 2, f: 'read', value: 1, invokeNs: 0, returnNs: 1 };
    expect(decideKey(register, [...twice, read] as Operation[], room)).not.toBeTypeOf('string');
    expect(room.steps).toEqual([]);
  });
});
