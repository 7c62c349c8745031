import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { faultline, outputOf } from './found.ts';

test('a run on Docker says that no engine answers and what to do, and begins nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-no-engine-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const args = [
    'run',
    'steady',
    '--strategy',
    'lease-session',
    '--runtime',
    'docker',
    '--out',
    join(folder, 'out'),
  ];
  const env = { ...process.env, DOCKER_HOST: 'tcp://127.0.0.1:1', HOME: folder };
  const { code, said } = await outputOf(faultline(args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
  expect(said).toMatch(/--runtime docker needs a Docker engine, and none answered \(.+\)/);
  expect(said).toMatch(/DOCKER_HOST/);
  expect(said).toMatch(/--runtime local needs none/);
  expect(said).not.toMatch(/\n\s+at .*\.js:\d+/);
  expect(code).toBe(3);
  expect(await readdir(folder)).not.toContain('out');
});
