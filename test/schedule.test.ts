import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { clockFrom } from '../harness/clock.ts';
import type { Nemesis, World } from '../harness/nemesis/nemesis.ts';
import { seeded } from '../harness/random.ts';
import { at, profiles, type Step } from '../harness/scenario.ts';
import { carryOut, planned } from '../harness/schedule.ts';

/** A promise, and how to resolve it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** A nemesis that only keeps books: which faults are in force, and the order of events. */
function bookkeeping() {
  const inForce = new Set<string>();
  const events: string[] = [];
  const nemesis = (name: string, broken?: { inject?: boolean; heal?: boolean }): Nemesis => ({
    name,
    summary: 'keeps books',
    async inject() {
      events.push(`inject ${name}`);
      if (broken?.inject) throw new Error(`${name} cannot be injected`);
      inForce.add(name);
      return {
        sentence: `${name} is in force`,
        targets: [name],
        async heal() {
          events.push(`heal ${name}`);
          inForce.delete(name);
          if (broken?.heal) throw new Error(`${name} cannot be healed`);
        },
      };
    },
  });
  return { inForce, events, nemesis };
}

function run(steps: readonly Step[], signal = new AbortController().signal) {
  const clock = clockFrom();
  // The nemeses of these tests touch nothing of the world.
  const world = { signal, random: seeded(1) } as World;
  return carryOut({ steps, world, clock, startNs: clock.nowNs() });
}

describe('planned', () => {
  test('is sorted and grows with the profile', () => {
    const { nemesis } = bookkeeping();
    const schedule = [at(6_000, nemesis('b')).for(1_000), at(3_000, nemesis('a')).for(6_000)];
    const steps = planned({ schedule, members: 3 }, profiles.standard, 1);
    expect(steps.map((s) => [s.nemesis.name, s.atMs, s.forMs])).toEqual([
      ['a', 15_000, 30_000],
      ['b', 30_000, 5_000],
    ]);
  });
});

describe('carryOut', () => {
  test('injects and heals in the order of time, overlaps included', async () => {
    const { events, nemesis } = bookkeeping();
    const { windows } = await run([at(0, nemesis('a')).for(40), at(20, nemesis('b')).for(40)]);
    expect(events).toEqual(['inject a', 'inject b', 'heal a', 'heal b']);
    expect(windows.map((w) => w.nemesis)).toEqual(['a', 'b']);
    expect(windows[0]!.toNs).toBeGreaterThan(windows[1]!.fromNs);
  });

  describe('what takes long', () => {
    const events: string[] = [];
    beforeEach(() => {
      events.length = 0;
    });
    type Doing = { readonly inject?: () => Promise<void>; readonly heal?: () => Promise<void> };
    const slow = (name: string, { inject, heal }: Doing, of: Partial<Nemesis> = {}): Nemesis => ({
      name,
      summary: 'waits',
      ...of,
      async inject() {
        events.push(`inject ${name}`);
        await inject?.();
        events.push(`injected ${name}`);
        return {
          sentence: name,
          targets: ['m1'],
          async heal() {
            events.push(`heal ${name}`);
            await heal?.();
            events.push(`healed ${name}`);
          },
        };
      },
    });

    test('a heal that waits for what another brings back does not keep that from healing', async () => {
      const cutIsHealed = gate();
      const { failures } = await run([
        at(0, slow('cut', { heal: async () => cutIsHealed.open() })).for(400),
        at(10, slow('kill', { heal: () => cutIsHealed.opened }, { healsByStarting: true })).for(10),
      ]);
      expect(failures).toEqual([]);
      expect(events.indexOf('healed kill')).toBeGreaterThan(events.indexOf('heal cut'));
    });

    test('an injection waits for every heal that was due before it', async () => {
      const mayHeal = gate();
      const { failures } = await run([
        at(0, slow('a', { heal: () => mayHeal.opened })).for(10),
        at(0, slow('b', { heal: async () => mayHeal.open() })).for(30),
        at(20, slow('c', {})).for(40),
      ]);
      expect(failures).toEqual([]);
      expect(events.indexOf('inject c')).toBeGreaterThan(events.indexOf('healed a'));
    });

    test('a fault that is not yet in force is healed once it is, and keeps no other from healing', async () => {
      const otherIsHealed = gate();
      await run([
        at(0, slow('other', { heal: async () => otherIsHealed.open() })).for(400),
        at(10, slow('late', { inject: () => otherIsHealed.opened })).for(10),
      ]);
      expect(events.indexOf('injected late')).toBeGreaterThan(events.indexOf('heal other'));
      expect(events.indexOf('heal late')).toBeGreaterThan(events.indexOf('injected late'));
    });

    test('two that start the same program do so one after the other', async () => {
      const starting = { healsByStarting: true };
      await run([
        at(0, slow('kill', { heal: () => sleep(60) }, starting)).for(10),
        at(0, slow('stop', {}, starting)).for(20),
      ]);
      expect(events.slice(-4)).toEqual(['heal kill', 'healed kill', 'heal stop', 'healed stop']);
    });
  });

  test('a window runs from before the injection until after the healing', async () => {
    const clock = clockFrom();
    let injecting = 0;
    let healed = 0;
    const slow: Nemesis = {
      name: 'slow',
      summary: 'takes its time',
      async inject() {
        injecting = clock.nowNs();
        await sleep(20);
        return {
          sentence: 'it is slow',
          targets: [],
          async heal() {
            await sleep(20);
            healed = clock.nowNs();
          },
        };
      },
    };
    const world = { signal: new AbortController().signal, random: seeded(1) } as World;
    const { windows } = await carryOut({
      steps: [at(0, slow).for(10)],
      world,
      clock,
      startNs: clock.nowNs(),
    });
    expect(windows[0]!.fromNs).toBeLessThanOrEqual(injecting);
    expect(windows[0]!.toNs).toBeGreaterThanOrEqual(healed);
    // Timers count whole milliseconds and may fire within the last one.
    for (const took of [windows[0]!.injectMs!, windows[0]!.healMs!]) expect(took).toBeGreaterThan(18.9);
    expect(windows[0]!.injectMs! + windows[0]!.healMs!).toBeLessThanOrEqual(
      (windows[0]!.toNs - windows[0]!.fromNs) / 1e6,
    );
  });

  test('a step that cannot be injected is told after the others were healed', async () => {
    const { inForce, nemesis } = bookkeeping();
    const steps = [at(0, nemesis('a')).for(500), at(10, nemesis('b', { inject: true })).for(10)];
    const { windows, failures } = await run(steps);
    expect(failures).toEqual([new Error('b cannot be injected')]);
    expect(windows.map((w) => w.nemesis)).toEqual(['a']);
    expect([...inForce]).toEqual([]);
  });

  test('a step that this machine cannot do is left out and told, and the others are carried out', async () => {
    const { events, nemesis } = bookkeeping();
    const unavailable = async () => 'it needs root';
    const steps = [at(0, { ...nemesis('a'), unavailable }).for(5), at(1, nemesis('b')).for(5)];
    const { windows, failures, skipped } = await run(steps);
    expect(skipped).toEqual([{ nemesis: 'a', reason: 'it needs root' }]);
    expect([events, windows.length, failures]).toEqual([['inject b', 'heal b'], 1, []]);
  });

  test('an abort heals what is in force, and is no error', async () => {
    const { inForce, events, nemesis } = bookkeeping();
    const abort = new AbortController();
    const done = run([at(0, nemesis('a')).for(60_000)], abort.signal);
    while (!inForce.has('a')) await sleep(1);
    abort.abort();
    const { windows, failures } = await done;
    expect(windows.map((w) => w.nemesis)).toEqual(['a']);
    expect(failures).toEqual([]);
    expect(events).toEqual(['inject a', 'heal a']);
  });

  test('whatever the schedule, and whatever fails, nothing stays in force', async () => {
    const step = fc.record({
      atMs: fc.integer({ min: 0, max: 20 }),
      forMs: fc.integer({ min: 0, max: 20 }),
      inject: fc.boolean(),
      heal: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (drawn) => {
        const { inForce, nemesis } = bookkeeping();
        const steps = drawn.map((d, i) => at(d.atMs, nemesis(`n${i}`, d)).for(d.forMs));
        const { failures } = await run(steps);
        expect([...inForce]).toEqual([]);
        expect(failures.length > 0).toBe(drawn.some((d) => d.inject || d.heal));
      }),
      { numRuns: 40 },
    );
  });
});
