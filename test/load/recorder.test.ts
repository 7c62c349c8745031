import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Recorder } from '../../harness/load/recorder.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-recorder-'));
  path = join(folder, 'history.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

test('lines reach the disk in their order, all of them', async () => {
  const recorder = await Recorder.open(path);
  const lines = Array.from(
    { length: 20_000 },
    (_, i) => `${JSON.stringify({ i, pad: 'é'.repeat(i % 40) })}\n`,
  );
  for (const [i, line] of lines.entries()) {
    recorder.write(line);
    if (i % 1_000 === 0) await delay(1);
  }
  await recorder.close();
  expect(await readFile(path, 'utf8')).toBe(lines.join(''));
});

test('a few lines are on disk soon without being asked for', async () => {
  const recorder = await Recorder.open(path);
  recorder.write('one\n');
  expect(await readFile(path, 'utf8')).toBe('');
  await delay(1_000);
  expect(await readFile(path, 'utf8')).toBe('one\n');
  await recorder.close();
});

test('a file that exists is continued', async () => {
  await writeFile(path, 'before\n');
  const recorder = await Recorder.open(path);
  recorder.write('after\n');
  await recorder.close();
  expect(await readFile(path, 'utf8')).toBe('before\nafter\n');
});

test('flush and close with nothing to write end', async () => {
  const recorder = await Recorder.open(path);
  await recorder.flush();
  await recorder.close();
});

test('while the disk does not keep up it says that it is full, and no longer when it has', async () => {
  const recorder = await Recorder.open(path);
  const line = `${'x'.repeat(1_048_575)}\n`;
  expect(recorder.full).toBe(false);
  for (let i = 0; i < 70; i++) recorder.write(line);
  expect(recorder.full).toBe(true);
  await recorder.flush();
  expect(recorder.full).toBe(false);
  await recorder.close();
});

test.runIf(process.platform === 'linux')(
  'a full disk is told at the next flush, and nothing more is taken',
  async () => {
    const recorder = await Recorder.open('/dev/full');
    recorder.write('lost\n');
    await expect(recorder.flush()).rejects.toThrow('the history could not be written: ENOSPC');
    expect(recorder.full).toBe(true);
    await expect(recorder.close()).rejects.toThrow('the history could not be written');
  },
);
