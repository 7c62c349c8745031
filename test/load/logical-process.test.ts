import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownRevisions, ProcessPool, processFactory } from '../../harness/load/logical-process.ts';

describe('the processes of an instance', () => {
  test('the lowest free one goes first; a retired number never comes again', () => {
    const pool = new ProcessPool(processFactory(true));
    const [a, b, c] = [pool.take(), pool.take(), pool.take()];
    expect([a, b, c].map((taken) => taken!.process.number)).toEqual([0, 1, 2]);
    pool.giveBack(c!.place);
    pool.giveBack(a!.place);
    expect(pool.take().process).toBe(a!.process);
    pool.retire(b!.place);
    // The new one has the place of the old, so it goes before 2.
    expect(pool.take().process.number).toBe(3);
    expect(pool.take().process.number).toBe(2);
  });

  test('whatever happens, none is taken twice, the lowest place goes first, and a retired number is gone', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('take', 'giveBack', 'retire'), fc.nat()), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (steps) => {
        const pool = new ProcessPool(processFactory(false));
        const busy = new Map<number, number>();
        const retired = new Set<number>();
        for (const [step, choice] of steps) {
          if (step === 'take') {
            const { process, place } = pool.take();
            expect(busy.has(place)).toBe(false);
            expect(retired.has(process.number)).toBe(false);
            for (let lower = 0; lower < place; lower++) expect(busy.has(lower)).toBe(true);
            busy.set(place, process.number);
          } else if (busy.size > 0) {
            const [place, number] = [...busy][choice % busy.size]!;
            busy.delete(place);
            if (step === 'giveBack') pool.giveBack(place);
            else {
              pool.retire(place);
              retired.add(number);
            }
          }
        }
      }),
    );
  });

  test('numbers are unique over all instances of a run', () => {
    const create = processFactory(true);
    const [one, other] = [new ProcessPool(create), new ProcessPool(create)];
    expect([one.take(), other.take(), one.take()].map((taken) => taken.process.number)).toEqual([0, 1, 2]);
  });
});

test('of too many keys the first known is forgotten', () => {
  const known = new KnownRevisions(2);
  for (const [i, key] of ['a', 'b', 'c'].entries()) known.set(key, { value: i, revision: i + 1 });
  expect(['a', 'b', 'c'].map((key) => known.get(key)?.value)).toEqual([undefined, 1, 2]);
});

test('a process that never compares remembers nothing', () => {
  const process = processFactory(false)();
  process.known.set('a', { value: 1, revision: 1 });
  expect(process.known.get('a')).toBe(undefined);
});
