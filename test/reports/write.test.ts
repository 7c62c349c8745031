import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Result } from '../../harness/result.ts';
import { renderAll, renderFile } from '../../reports/render.ts';
import { ResultInvalid } from '../../reports/validate.ts';
import { writeResult } from '../../reports/write.ts';
import { fixture } from './fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-reports-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const files = ['charts', 'junit.xml', 'report.html', 'report.md', 'result.json'];

test('a run leaves its files, the charts in a folder, and no temporary one, and points latest at itself', async () => {
  const out = join(folder, 'reports', 'out');
  const first = await writeResult(join(out, '1-42'), fixture());
  expect((await readdir(join(out, '1-42'))).sort()).toEqual(files);
  expect(await readlink(join(out, 'latest'))).toBe('1-42');
  expect(first.latest).toBe(join(out, 'latest'));
  await writeResult(join(out, '2-42'), fixture());
  expect(await readlink(join(out, 'latest'))).toBe('2-42');
  expect((await readdir(out)).sort()).toEqual(['1-42', '2-42', 'latest']);
});

test('no link is made where none was asked for', async () => {
  expect((await writeResult(join(folder, 'mine'), fixture())).latest).toBeNull();
  expect(await readdir(folder)).toEqual(['mine']);
});

test('a folder that is called latest is left as it is', async () => {
  const out = join(folder, 'reports', 'out');
  await mkdir(join(out, 'latest', 'kept'), { recursive: true });
  expect((await writeResult(join(out, '1-42'), fixture())).latest).toBeNull();
  expect((await readdir(out)).sort()).toEqual(['1-42', 'latest']);
});

test('a link that leads nowhere is replaced', async () => {
  const out = join(folder, 'reports', 'out');
  await mkdir(out, { recursive: true });
  await symlink('gone', join(out, 'latest'));
  await writeResult(join(out, '1-42'), fixture());
  expect(await readlink(join(out, 'latest'))).toBe('1-42');
});

test('a result that does not hold to the schema is refused aloud, but not lost', async () => {
  const wrong = { ...fixture(), cells: [{ ...fixture().cells[0]!, ratePerSecond: Number.NaN }] } as Result;
  await expect(writeResult(folder, wrong)).rejects.toThrow(ResultInvalid);
  await expect(writeResult(folder, wrong)).rejects.toThrow(
    `${join(folder, 'result.json')}: cells/0/ratePerSecond should be of type number, got null`,
  );
  expect(await readdir(folder)).toEqual(['result.json']);
});

test('rendered again from its file or its folder, it is the same', async () => {
  await writeResult(folder, fixture());
  for (const name of files.filter((one) => one !== 'result.json'))
    await rm(join(folder, name), { recursive: true });
  const { result, paths } = await renderFile(folder);
  expect(result).toEqual(fixture());
  for (const path of paths)
    expect(await readFile(path, 'utf8')).toBe(
      renderAll(fixture())[path.slice(folder.length + 1) as 'report.md'],
    );
  await renderFile(join(folder, 'result.json'), join(folder, 'elsewhere'));
  expect((await readdir(join(folder, 'elsewhere'))).sort()).toEqual([
    'charts',
    'junit.xml',
    'report.html',
    'report.md',
  ]);
});

test('what is no result is refused before anything is written', async () => {
  const path = join(folder, 'other.json');
  await writeFile(path, '{"schemaVersion":1}');
  await expect(renderFile(path)).rejects.toThrow(`${path}: manifest should be there, got nothing`);
  expect(await readdir(folder)).toEqual(['other.json']);
});

test('the same result gives the same files', () => {
  expect(renderAll(fixture())).toEqual(renderAll(fixture()));
});
