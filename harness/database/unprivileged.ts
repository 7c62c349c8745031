import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Supervisor } from '../process/supervisor.ts';

/** The user that owns a data folder and runs its server. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs PostgreSQL when this command runs as root, which PostgreSQL refuses: `nobody`. Undefined for everybody
 * else, who run it as themselves. It has to be a user that has a name, because initdb asks for it.
 */
export async function unprivilegedOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const nobody = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(users);
  if (!nobody) {
    throw new Error(
      'PostgreSQL refuses to run as root, and /etc/passwd has no user nobody to run it as; run as another user, or use --database-url',
    );
  }
  // macOS writes -2.
  return { uid: Number(nobody[1]) >>> 0, gid: Number(nobody[2]) >>> 0 };
}

/**
 * A folder from which `owner` can run the programs of binFolder: that folder itself, or a copy when it lies below
 * one that only root may enter (a checkout in /root). Throws when not even the copy can be run.
 */
export async function runnableBy(
  owner: Owner | undefined,
  binFolder: string,
  supervisor: Supervisor,
): Promise<string> {
  if (owner === undefined || (await canRun(owner, binFolder)) === true) return binFolder;
  const copy = await supervisor.temporaryFolder('postgresql');
  // bin, lib and share find each other by their place beside each other.
  await cp(dirname(binFolder), join(copy, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  const copied = join(copy, 'native', 'bin');
  const problem = await canRun(owner, copied);
  if (problem === true) return copied;
  throw new Error(
    `PostgreSQL refuses to run as root, and the user nobody (uid ${owner.uid}) cannot run ${join(copied, 'postgres')}: ${problem}; is the temporary folder (TMPDIR) open to all users and not mounted noexec? Run as another user, or use --database-url`,
  );
}

async function canRun(owner: Owner, binFolder: string): Promise<true | string> {
  try {
    await promisify(execFile)(join(binFolder, 'postgres'), ['--version'], {
      ...owner,
      cwd: '/',
      timeout: 10_000,
    });
    return true;
  } catch (error) {
    return (error as Error).message.trim();
  }
}
