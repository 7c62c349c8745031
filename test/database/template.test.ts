import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLocalDatabase } from '../../harness/database/local-database.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';

let folder: string;
const given = process.env.XDG_CACHE_HOME;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-test-'));
});
afterEach(async () => {
  if (given === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = given;
  await rm(folder, { recursive: true, force: true });
});

test('two commands that initialise at once leave one template, and the next finds it', async () => {
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  await using supervisor = await createSupervisor();
  const said: string[] = [];
  const start = (name: string) =>
    startLocalDatabase({
      supervisor,
      folder: join(folder, name),
      replica: false,
      say: (line) => said.push(line),
    });
  const [first, second] = await Promise.all([start('first'), start('second')]);
  expect(first.primary.address).not.toBe(second.primary.address);
  expect(said).toHaveLength(2);
  const kept = await readdir(join(folder, 'cache', 'faultline', 'postgresql'));
  expect(kept).toHaveLength(1);
  // It holds a password.
  const { mode } = await stat(join(folder, 'cache', 'faultline', 'postgresql', kept[0]!));
  expect(mode & 0o077).toBe(0);

  await start('third');
  expect(said).toHaveLength(2);
}, 120_000);

test('a copy is small: no database but the two that are used, and hardly any log', async () => {
  await using supervisor = await createSupervisor();
  const database = await startLocalDatabase({ supervisor, folder, replica: false });
  const client = new pg.Client({ connectionString: database.primary.counting.url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT array_agg(datname::text ORDER BY datname) AS names, (SELECT sum(size)::int FROM pg_ls_waldir()) AS log
       FROM pg_database`,
    );
    expect(rows[0].names).toEqual(['faultline', 'postgres']);
    expect(rows[0].log).toBeLessThan(16 * 2 ** 20);
  } finally {
    await client.end();
  }
}, 120_000);

test('a cache that cannot be written is said, and does without', async () => {
  process.env.XDG_CACHE_HOME = '/dev/null/cache';
  await using supervisor = await createSupervisor();
  const said: string[] = [];
  const database = await startLocalDatabase({
    supervisor,
    folder,
    replica: false,
    say: (line) => said.push(line),
  });
  expect(database.primary.address).toMatch(/^127/);
  expect(said.at(-1)).toMatch(/cannot be kept in \/dev\/null\/cache\/faultline\/postgresql \(ENOTDIR\)/);
}, 120_000);
