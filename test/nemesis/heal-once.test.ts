import { expect, test } from 'vitest';
import { healOnce } from '../../harness/nemesis/heal-once.ts';

test('is done once, however often it is called, also at the same time', async () => {
  let times = 0;
  const heal = healOnce(async () => {
    times += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await Promise.all([heal(), heal()]);
  await heal();
  expect(times).toBe(1);
});

test('is tried again after it has failed', async () => {
  let times = 0;
  const heal = healOnce(async () => {
    times += 1;
    if (times === 1) throw new Error('not yet');
  });
  await expect(heal()).rejects.toThrow('not yet');
  await heal();
  await heal();
  expect(times).toBe(2);
});
