import { constants } from 'node:fs';
import { chown, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from './unprivileged.ts';

/**
 * Copies a data folder of some hundred small files, owner-only as PostgreSQL wants it, in a fifth of the time of
 * fs.cp (which looks at every file thrice); `to` should not exist.
 *
 * Two files at a time: all at once would be ahead of everything else that waits for one of Node's four threads, and
 * whatever is to start beside it would start after it.
 */
export async function copyTree(from: string, to: string, owner?: Owner): Promise<void> {
  const files: (readonly [source: string, target: string])[] = [];
  await makeFolders(from, to, owner, files);
  const copyOn = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      await copyFile(...file, constants.COPYFILE_FICLONE);
      if (owner) await chown(file[1], owner.uid, owner.gid);
    }
  };
  // When it throws nothing is being copied any more, so that the folder can be removed.
  const ends = await Promise.allSettled([copyOn(), copyOn()]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** The folders only; adds what is in them to `files`. */
async function makeFolders(
  from: string,
  to: string,
  owner: Owner | undefined,
  files: (readonly [source: string, target: string])[],
): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  if (owner) await chown(to, owner.uid, owner.gid);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await makeFolders(source, target, owner, files);
    else files.push([source, target]);
  }
}
