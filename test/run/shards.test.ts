import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Result } from '../../harness/result.ts';
import { faultline } from '../cli/command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shards-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resultIn = async (out: string): Promise<Result> =>
  JSON.parse(await readFile(join(folder, out, 'result.json'), 'utf8'));

/** What one machine is told of a matrix of two cells. */
const shard = (i: number, seed: number) =>
  faultline([
    ...['run', 'steady', '--strategy', 'consistency-routing,write-behind', '--rate', '50'],
    ...['--seed', String(seed), '--shard', `${i}/2`, '--out', join(folder, `${i}-${seed}`)],
  ]);
const merged = (...parts: readonly string[]) =>
  faultline(['merge', ...parts.map((part) => join(folder, part)), '--out', join(folder, 'whole')]);

test('two shards are run, and merged to what one run would have given; half of it is refused', async () => {
  for (const i of [1, 2]) expect((await shard(i, 1)).stderr).toContain('[1/1]');
  const alone = await merged('1-1');
  expect(alone).toMatchObject({ code: 64 });
  expect(alone.stderr).toContain('shard 2 of 2 is missing');

  const ended = await merged('2-1', '1-1');
  // How the machine did is not the question here.
  expect([0, 2]).toContain(ended.code);
  const whole = await resultIn('whole');
  expect(whole.cells.map(({ strategy }) => strategy)).toEqual(['consistency-routing', 'write-behind']);
  expect(whole.manifest.matrix).toMatchObject({ of: 2, shards: [{ shard: 1 }, { shard: 2 }] });
  expect((await readdir(join(folder, 'whole', 'cells'))).sort()).toEqual([
    'steady--consistency-routing',
    'steady--write-behind',
  ]);
  for (const { files } of whole.cells)
    expect((await readFile(join(folder, 'whole', files.history), 'utf8')).length).toBeGreaterThan(0);
}, 180_000);
