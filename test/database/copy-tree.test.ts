import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyTree } from '../../harness/database/copy-tree.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'copy-tree-test-'));
  await mkdir(join(folder, 'from', 'a', 'b'), { recursive: true });
  await mkdir(join(folder, 'from', 'empty'));
  for (let i = 0; i < 40; i++) await writeFile(join(folder, 'from', 'a', 'b', `f${i}`), `text ${i}`);
  await writeFile(join(folder, 'from', 'top'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('every file and folder is in the copy, and nobody else may look into it', async () => {
  await copyTree(join(folder, 'from'), join(folder, 'to'));
  const all = async (root: string) => (await readdir(join(folder, root), { recursive: true })).sort();
  expect(await all('to')).toEqual(await all('from'));
  for (let i = 0; i < 40; i++)
    expect(await readFile(join(folder, 'to', 'a', 'b', `f${i}`), 'utf8')).toBe(`text ${i}`);
  for (const one of ['', 'a', 'a/b', 'empty'])
    expect((await stat(join(folder, 'to', one))).mode & 0o777, one).toBe(0o700);
});

test('a file that cannot be copied is told, and nothing is being copied any more', async () => {
  await symlink('nowhere', join(folder, 'from', 'a', 'dangling'));
  await expect(copyTree(join(folder, 'from'), join(folder, 'to'))).rejects.toThrow(/ENOENT.*dangling/);
  const copied = await readdir(join(folder, 'to', 'a', 'b'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await readdir(join(folder, 'to', 'a', 'b'))).toEqual(copied);
});

test('a copy is never made into a folder that is there', async () => {
  await mkdir(join(folder, 'to'));
  await expect(copyTree(join(folder, 'from'), join(folder, 'to'))).rejects.toThrow('EEXIST');
});
