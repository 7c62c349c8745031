import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

/**
 * Writes a file so that a reader, or a run cut short, sees the old one or the whole new one: a temporary file in the
 * same folder, then a rename. Makes the folder when it is missing. Returns the path.
 */
export async function replaceFile(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await replace(path, (temporary) => writeFile(temporary, text, { flush: true }));
  return path;
}

/** The same for a symbolic link, relative, so that the folder around it can be moved. */
export async function replaceLink(path: string, target: string): Promise<string> {
  await replace(path, (temporary) => symlink(relative(dirname(path), target), temporary));
  return path;
}

async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
