import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { buildOf, CorpusRecord, seedsNamed } from './record.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-record-'));
});
afterEach(() => rm(folder, { recursive: true }));

const huntedWith = { etcd: '3.4.23', build: 'b1' };
const silent = { state: 'silent' } as const;
const found = { state: 'found', sightings: [{ violation: 'fencing', summary: 's', afterMs: 9 }] } as const;

describe('a record of the corpus', () => {
  it('goes on where it was, without what failed', async () => {
    const path = join(folder, 'deeper', 'hunts.json');
    const record = await CorpusRecord.resumed(path, huntedWith);
    expect(record.size).toBe(0);
    await record.add('a-1', found);
    await record.add('a-2', silent);
    await record.add('a-3', { state: 'failed', reason: 'interrupted' });
    const again = await CorpusRecord.resumed(path, huntedWith);
    expect([again.size, again.hunted('a-1'), again.hunted('a-2'), again.hunted('a-3')]).toEqual([
      2,
      found,
      silent,
      undefined,
    ]);
  });

  test.each([{ etcd: '3.5.1' }, { build: 'b2' }])('of something else proves nothing: %o', async (other) => {
    const path = join(folder, 'hunts.json');
    await CorpusRecord.begun(path, huntedWith).add('a-1', found);
    const resumed = await CorpusRecord.resumed(path, { ...huntedWith, ...other });
    expect(resumed.hunted('a-1')).toBeUndefined();
    await resumed.add('b-1', silent);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      ...huntedWith,
      ...other,
      hunts: { 'b-1': silent },
    });
  });

  it('that is none is refused, and not written over', async () => {
    const path = join(folder, 'hunts.json');
    await writeFile(path, '{"etcd":"3.4.23"}');
    await expect(CorpusRecord.resumed(path, huntedWith)).rejects.toThrow('should hold "hunts"');
  });
});

it('a build is another one when the text, the name or the number of its programs changes, and no other file', async () => {
  const names: string[] = [];
  const put = async (name: string, text: string) => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
    names.push(await buildOf(folder));
  };
  await put('a.js', '1');
  await put('in/b.js', '1');
  await put('in/b.js', '2');
  await put('in/b.js.map', '3');
  expect(new Set(names).size).toBe(3);
  expect(names[3]).toBe(names[2]);
});

test.each([
  ['3', [7, 8, 9]],
  ['1..5', [1, 2, 3, 4, 5]],
  ['4..4', [4]],
  ['5..4', undefined],
  ['0', undefined],
  ['1001', undefined],
  ['1.5', undefined],
  ['1..', undefined],
  ['many', undefined],
])('the seeds %s from 7 on are %o', (text, expected) => {
  expect(seedsNamed(text, 7)).toEqual(expected);
});
