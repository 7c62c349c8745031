import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../cache-folder.ts';
import { projectRoot } from '../../project.ts';
import type { Testcontainers } from './testcontainers.ts';

const run = promisify(execFile);

/** Of the package and its lock file, from which the client is installed. */
const source = join(projectRoot, 'harness', 'cluster', 'docker', 'client');

/**
 * Testcontainers, of the version and with the packages that the lock file beside this names. It is fetched into the
 * user's cache when it is first asked for: among the project's own packages everybody would wait for the native
 * parts of an SSH client to be built (minutes on a small machine), which nobody here uses.
 */
export async function loadTestcontainers(say: (line: string) => void): Promise<Testcontainers> {
  const folder = await clientFolder(say);
  return createRequire(join(folder, 'package.json'))('testcontainers') as Testcontainers;
}

async function clientFolder(say: (line: string) => void): Promise<string> {
  const lock = await readFile(join(source, 'package-lock.json'));
  const sum = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const place = join(cacheFolder(), 'docker-client', sum);
  if (await isWhole(place)) return place;
  say('fetching testcontainers, once, into the cache');
  await mkdir(join(cacheFolder(), 'docker-client'), { recursive: true });
  const scratch = await mkdtemp(`${place}-`);
  try {
    await cp(source, scratch, { recursive: true });
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: scratch,
      timeout: 240_000,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: Error & { stderr?: string }) => {
      const said = (error.stderr || error.message).trim().split('\n').slice(-3).join(' / ');
      throw new Error(`--runtime docker needs testcontainers, which could not be fetched (npm ci): ${said}`);
    });
    await rename(scratch, place).catch(async (error) => {
      // Another command was quicker.
      if (!(await isWhole(place))) throw error;
    });
    return place;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** It gets its name only once everything is in it. */
async function isWhole(folder: string): Promise<boolean> {
  return await readFile(join(folder, 'package-lock.json')).then(
    () => true,
    () => false,
  );
}
