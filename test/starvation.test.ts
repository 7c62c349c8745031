import { describe, expect, test } from 'vitest';
import { cpuWaitNs } from '../harness/process/cpu-wait.ts';
import { type CpuWait, starvation, worstSecond } from '../harness/starvation.ts';

/** Looks of one life of s1, 250 ms apart from `fromMs` on; each says how many ms it waited since the one before. */
function life(
  waits: readonly number[],
  { instance = 's1', pid = 1, fromMs = 0, beforeMs = 0 } = {},
): CpuWait[] {
  let waitedMs = beforeMs;
  return waits.map((waited, i) => {
    waitedMs += waited;
    return { instance, pid, atNs: (fromMs + i * 250) * 1e6, waitedNs: waitedMs * 1e6 };
  });
}

const idle = [0, 0, 0, 0, 0, 0, 0, 0, 0];

describe('starvation', () => {
  test.each<[string, CpuWait[], number, number, string | undefined]>([
    ['nothing was seen', [], 0, 9e9, undefined],
    ['nobody waited', life(idle), 0, 9e9, undefined],
    ['it waited for a tenth of every look', life(idle.map(() => 25)), 0, 9e9, undefined],
    ['six tenths of a second are the limit', life([0, 150, 150, 150, 150, 0]), 0, 9e9, undefined],
    [
      'more than that',
      life([0, 0, 250, 250, 250, 0]),
      0,
      9e9,
      's1 was ready to run and had no core for 75 % of a second (limit 60 %), 0.0 s',
    ],
    ['what it had waited before it was first looked at', life(idle, { beforeMs: 90_000 }), 0, 9e9, undefined],
    ['a wait before the time that counts', life([0, 250, 250, 250, 250, 0, 0, 0, 0, 0]), 1e9, 9e9, undefined],
    ['a wait after it', life([0, 0, 0, 0, 0, 250, 250, 250, 250]), 0, 1e9, undefined],
    ['less than a second of looks', life([0, 250, 250, 250]), 0, 9e9, undefined],
    [
      'a new process begins at nothing again',
      [...life(idle, { beforeMs: 5_000 }), ...life(idle, { pid: 2, fromMs: 2_250 })],
      0,
      9e9,
      undefined,
    ],
    [
      'the other instance',
      [...life(idle), ...life([0, 250, 250, 250, 250], { instance: 's2', pid: 2, fromMs: 3_000 })],
      0,
      9e9,
      's2 was ready to run and had no core for 100 % of a second (limit 60 %), 3.0 s',
    ],
  ])('%s', (_, seen, fromNs, toNs, told) => {
    const reason = starvation(seen, fromNs, toNs);
    if (told === undefined) expect(reason).toBeUndefined();
    else expect(reason).toContain(told);
  });

  test('the worst second is that of the highest share', () => {
    expect(worstSecond(life([0, 50, 50, 50, 50, 200, 200, 200, 200, 0]), 0, 9e9)).toEqual({
      instance: 's1',
      share: 0.8,
      atNs: 1e9,
    });
  });
});

test.runIf(process.platform === 'linux')('what a process waited for a core never falls', async () => {
  const before = await cpuWaitNs(process.pid);
  expect(before).toBeGreaterThanOrEqual(0);
  expect(await cpuWaitNs(process.pid)).toBeGreaterThanOrEqual(before!);
  expect(await cpuWaitNs(2 ** 30)).toBeUndefined();
});
