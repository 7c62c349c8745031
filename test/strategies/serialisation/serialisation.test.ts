import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noop } from '../../../strategies/serialisation/noop.ts';
import { readWriteLock } from '../../../strategies/serialisation/read-write-lock.ts';
import type { Serialisation } from '../../../strategies/serialisation/serialisation.ts';
import { serialisations } from '../../../strategies/serialisation/serialisations.ts';

/** A counter behind something slow, as a key in a database is: who adds to it reads, waits and writes. */
class SlowCounter {
  value = 0;

  async add(): Promise<void> {
    const read = this.value;
    await turn();
    this.value = read + 1;
  }
}

async function lostIncrements(serialisation: Serialisation, adds: number): Promise<number> {
  const counter = new SlowCounter();
  await Promise.all(Array.from({ length: adds }, () => serialisation.write(() => counter.add())));
  return adds - counter.value;
}

test('without serialisation increments are lost', async () => {
  expect(await lostIncrements(noop.create(), 100)).toBe(99);
});

const kept = serialisations.filter((kind) => kind !== noop).map((kind) => [kind.name, kind] as const);

test('noop has three ways beside it', () => {
  expect(kept.map(([name]) => name)).toEqual(['mutex', 'read-write-lock', 'channel']);
});

describe.each(kept)('%s', (_name, kind) => {
  test('no increment is lost', async () => {
    expect(await lostIncrements(kind.create(), 100)).toBe(0);
  });

  test('writes run in the order in which they came', async () => {
    const serialisation = kind.create();
    const order: number[] = [];
    const writes = Array.from({ length: 20 }, (_, i) =>
      serialisation.write(async () => {
        await turn();
        order.push(i);
        return i;
      }),
    );
    expect(await Promise.all(writes)).toEqual(order);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test('work that fails fails alone, and those behind it go on', async () => {
    const serialisation = kind.create();
    const ends = await Promise.allSettled([
      serialisation.write(async () => 'one'),
      serialisation.write(async () => {
        throw new Error('no');
      }),
      serialisation.read(async () => {
        throw new Error('nor this');
      }),
      serialisation.write(() => {
        throw new Error('at once');
      }),
      serialisation.read(async () => 'two'),
    ]);
    expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message))).toEqual([
      'one',
      'no',
      'nor this',
      'at once',
      'two',
    ]);
  });

  test('a write that comes behind reads is not kept waiting by reads that come behind it', async () => {
    const serialisation = kind.create();
    const order: string[] = [];
    const note = (name: string) => async () => {
      await turn();
      order.push(name);
    };
    const reads = Array.from({ length: 5 }, () => serialisation.read(note('read')));
    const write = serialisation.write(note('write'));
    const later = Array.from({ length: 5 }, () => serialisation.read(note('later read')));
    await Promise.all([...reads, write, ...later]);
    expect(order).toEqual([...Array(5).fill('read'), 'write', ...Array(5).fill('later read')]);
  });

  test('whatever comes when, a write runs alone, reads see whole writes, and all end', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            kind: fc.constantFrom('read' as const, 'write' as const),
            turns: fc.nat({ max: 3 }),
            pause: fc.nat({ max: 2 }),
            fails: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        async (steps) => {
          const serialisation = kind.create();
          const running = { read: 0, write: 0 };
          let most = 0;
          const work = (step: (typeof steps)[number]) => async () => {
            running[step.kind] += 1;
            for (let i = 0; i <= step.turns; i++) {
              most = Math.max(most, running.write === 0 ? 0 : running.write + running.read);
              await turn();
            }
            running[step.kind] -= 1;
            if (step.fails) throw new Error('no');
          };
          const ends: Promise<void>[] = [];
          for (const step of steps) {
            const end = serialisation[step.kind](work(step));
            end.catch(() => {});
            ends.push(end);
            for (let i = 0; i < step.pause; i++) await turn();
          }
          const settled = await Promise.allSettled(ends);
          expect(settled.map(({ status }) => status === 'rejected')).toEqual(steps.map(({ fails }) => fails));
          expect(most).toBeLessThanOrEqual(1);
          expect(running).toEqual({ read: 0, write: 0 });
        },
      ),
    ));
});

test('only the read-write lock lets reads run together', async () => {
  const together: Record<string, number> = {};
  for (const [name, kind] of kept) {
    const serialisation = kind.create();
    let reading = 0;
    let most = 0;
    const read = async () => {
      reading += 1;
      most = Math.max(most, reading);
      await turn();
      reading -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => serialisation.read(read)));
    together[name] = most;
  }
  expect(together).toEqual({ mutex: 1, [readWriteLock.name]: 8, channel: 1 });
});
