import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { stopped } from '../../harness/process/stopped.ts';

test('after SIGSTOP it resolves when nothing of the process runs any more', async () => {
  const code = `setInterval(() => process.stdout.write('x'), 1)`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(child.stdout, 'data');
    for (let i = 0; i < 20; i++) {
      child.kill('SIGSTOP');
      await stopped(child.pid!);
      // What it wrote before is read first.
      await new Promise((resolve) => setTimeout(resolve, 5));
      let more = 0;
      const count = () => {
        more++;
      };
      child.stdout.on('data', count);
      await new Promise((resolve) => setTimeout(resolve, 10));
      child.stdout.off('data', count);
      expect(more).toBe(0);
      child.stdout.resume();
      child.kill('SIGCONT');
      await once(child.stdout, 'data');
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

test('one that is gone has stopped', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  await stopped(child.pid!);
});
