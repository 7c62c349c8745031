import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findPostgres } from '../../harness/database/provision.ts';
import { runnableBy, unprivilegedOwner } from '../../harness/database/unprivileged.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';

const isRoot = process.getuid?.() === 0;

test('nobody but root needs another user', async () => {
  const owner = await unprivilegedOwner();
  if (isRoot) expect(owner!.uid).toBeGreaterThan(0);
  else expect(owner).toBeUndefined();
});

describe.runIf(isRoot)('as root', () => {
  let closed: string;
  beforeEach(async () => {
    closed = await mkdtemp(join(tmpdir(), 'closed-to-others-'));
  });
  afterEach(() => rm(closed, { recursive: true, force: true }));

  test('programs that the other user can reach are run where they are', async () => {
    await using supervisor = await createSupervisor();
    const { binFolder } = await findPostgres();
    const owner = { uid: 65_534, gid: 65_534 };
    // Unless this checkout itself is closed to others, which the next test is about.
    const reachable = await runs(owner, binFolder);
    expect((await runnableBy(owner, binFolder, supervisor)) === binFolder).toBe(reachable);
  });

  test('programs in a folder that is closed to it are copied, and run there', async () => {
    await using supervisor = await createSupervisor();
    const { binFolder } = await findPostgres();
    await cp(dirname(binFolder), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    await chmod(closed, 0o700);
    const owner = (await unprivilegedOwner())!;
    const inside = join(closed, 'native', 'bin');
    expect(await runs(owner, inside)).toBe(false);

    const copy = await runnableBy(owner, inside, supervisor);
    expect(copy).not.toBe(inside);
    expect(await runs(owner, copy)).toBe(true);
    expect((await stat(join(dirname(copy), 'lib'))).isDirectory()).toBe(true);
  });

  test('programs that run nowhere are told', async () => {
    await using supervisor = await createSupervisor();
    const owner = (await unprivilegedOwner())!;
    const { binFolder } = await findPostgres();
    await cp(join(binFolder, 'initdb'), join(closed, 'bin', 'not-postgres'));
    await expect(runnableBy(owner, join(closed, 'bin'), supervisor)).rejects.toThrow(
      /PostgreSQL refuses to run as root, and the user nobody \(uid \d+\) cannot run .*postgres/,
    );
  });
});

function runs(owner: { uid: number; gid: number }, binFolder: string): Promise<boolean> {
  return promisify(execFile)(join(binFolder, 'postgres'), ['--version'], { ...owner, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
