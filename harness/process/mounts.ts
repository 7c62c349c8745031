import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeout = 10_000;

/** Bit of CAP_SYS_ADMIN, without which nobody mounts. */
const administers = 21n;

/** Why no file system can be mounted here; undefined where one can. */
export async function mountingRefused(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined)
    return `mounting a file system of bounded size needs Linux, this is ${process.platform}`;
  if (((BigInt(`0x${effective}`) >> administers) & 1n) === 0n)
    return 'mounting a file system of bounded size needs root (CAP_SYS_ADMIN)';
  return undefined;
}

/** Mounts an empty file system in memory on a folder. Without swapping: a full disk should not slow the machine. */
export async function mountBounded(folder: string, bytes: number): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'faultline', folder], { timeout });
}

/** What is mounted in a folder or on it, deepest first. */
export async function mountsUnder(folder: string): Promise<string[]> {
  const table = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  return table
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** Unmounts all of it, even what is in use. Harmless where nothing is mounted. */
export async function unmountUnder(folder: string): Promise<void> {
  for (const path of await mountsUnder(folder))
    await run('umount', [path], { timeout }).catch(() => run('umount', ['-l', path], { timeout }));
}
