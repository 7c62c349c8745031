import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export type Environment = Readonly<Record<string, string | undefined>>;

const run = promisify(execFile);

/** '3.6.5' of what `etcd --version` prints. Throws when the file cannot be run or is no etcd. */
export async function etcdVersionOf(path: string): Promise<string> {
  let printed: string;
  try {
    const { stdout } = await run(path, ['--version'], {
      timeout: 10_000,
      env: { ...process.env, ...archEnvironment },
    });
    printed = stdout;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error('there is no such file');
    if (code === 'EACCES') throw new Error('it may not be executed');
    throw new Error(`it could not be run: ${message.trim().split('\n').at(-1)}`);
  }
  const version = /^etcd Version: (\d+\.\d+\.\d+\S*)/m.exec(printed)?.[1];
  if (version === undefined)
    throw new Error(`it is no etcd: --version printed ${JSON.stringify(printed.slice(0, 80))}`);
  return version;
}

/** etcd before 3.5 refuses to run on arm64 unless it is told that this is known; later ones do not mind. */
export const archEnvironment: Environment =
  process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {};

/** The file that a shell with this PATH would run. */
export async function findOnPath(program: string, environment: Environment): Promise<string | null> {
  for (const folder of (environment.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, program);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return null;
}
