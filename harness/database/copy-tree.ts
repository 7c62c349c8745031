import { constants } from 'node:fs';
import { chown, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from './unprivileged.ts';

/**
 * Copies a data folder of about a thousand small files, owner-only as PostgreSQL wants it, in a fifth of the time of
 * fs.cp (which looks at every file thrice); `to` should not exist.
 */
export async function copyTree(from: string, to: string, owner?: Owner): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) return copyTree(source, target, owner);
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      if (owner) await chown(target, owner.uid, owner.gid);
    }),
  );
  if (owner) await chown(to, owner.uid, owner.gid);
}
