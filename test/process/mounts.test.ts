import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { mountBounded, mountingRefused, mountsUnder, unmountUnder } from '../../harness/process/mounts.ts';
import { isAlive } from '../../harness/process/process-table.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';

const refused = await mountingRefused();
if (refused !== undefined) console.warn(`bounded file systems: SKIPPED, ${refused}`);
const able = test.skipIf(refused !== undefined);

able('holds so many bytes and no more, and what was there is seen again once it is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'a mount '));
  onTestFinished(async () => {
    await unmountUnder(folder);
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(join(folder, 'below'), '');
  await mountBounded(folder, 64 * 1024);
  expect(await mountsUnder(folder)).toEqual([folder]);
  expect(existsSync(join(folder, 'below'))).toBe(false);
  await expect(writeFile(join(folder, 'large'), Buffer.alloc(100_000))).rejects.toThrow('ENOSPC');
  await unmountUnder(folder);
  await unmountUnder(folder);
  expect(await mountsUnder(folder)).toEqual([]);
  expect(existsSync(join(folder, 'below'))).toBe(true);
});

able(
  'a SIGKILL of the command leaves no mount; one of its keeper too leaves none once another command runs',
  async () => {
    for (const keeperToo of [false, true]) {
      const code = `
      const { createSupervisor } = await import(${JSON.stringify(`file://${builtProgram('harness/process/supervisor.ts')}`)});
      const { mountBounded } = await import(${JSON.stringify(`file://${builtProgram('harness/process/mounts.ts')}`)});
      const { readFile } = await import('node:fs/promises');
      const { dirname, join } = await import('node:path');
      const supervisor = await createSupervisor();
      const folder = await supervisor.temporaryFolder('disk');
      await mountBounded(folder, 65536);
      const owner = await readFile(join(dirname(folder), 'owner'), 'utf8');
      console.log(JSON.stringify({ root: dirname(folder), keeper: Number(owner.trim().split(' ')[1]) }));
      setInterval(() => {}, 1000);`;
      const command = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void command.kill('SIGKILL'));
      const line = await new Promise<string>((resolve) =>
        createInterface(command.stdout!).once('line', resolve),
      );
      const { root, keeper } = JSON.parse(line) as { root: string; keeper: number };
      expect(await mountsUnder(root)).toHaveLength(1);
      const ended = new Promise((resolve) => command.once('exit', resolve));
      if (keeperToo) process.kill(keeper, 'SIGKILL');
      command.kill('SIGKILL');
      await ended;
      if (keeperToo) for (let i = 0; i < 400 && isAlive(keeper); i++) await sleep(25);
      // Whoever comes next sweeps.
      await using _next = keeperToo ? await createSupervisor() : undefined;
      for (let i = 0; i < 400 && existsSync(root); i++) await sleep(25);
      expect(await mountsUnder(root)).toEqual([]);
      expect(existsSync(root)).toBe(false);
    }
  },
);
