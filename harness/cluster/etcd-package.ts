import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Environment, findOnPath } from './etcd-program.ts';

const run = promisify(execFile);
const packageName = 'etcd-server';

/** An EtcdPackage is the distribution's own etcd (Debian and Ubuntu), downloaded and unpacked, never installed. */
export interface EtcdPackage {
  /** '3.4.23' of the package's '3.4.23-4+b4'. */
  readonly version: string;
  /** Downloads and unpacks into the folder; returns the program's path. No service is started, no root is needed. */
  fetch(folder: string): Promise<string>;
}

/** The package that the lists name. Throws, with what to do, when there is none. */
export async function etcdPackage(options: {
  readonly environment: Environment;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Whether missing package lists may be fetched (as root); true unless told. */
  readonly update?: boolean;
}): Promise<EtcdPackage> {
  const { environment, say, signal, update = true } = options;
  for (const program of ['apt-get', 'apt-cache', 'dpkg']) {
    if ((await findOnPath(program, environment)) === null)
      throw new Error(`there is no ${program} here (packages are taken on Debian and Ubuntu)`);
  }
  const env = { ...environment, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  // As root apt drops to the user _apt, who may not write into a private folder, and warns; the folder is ours.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];

  let candidate = await candidateVersion(env, signal);
  if (candidate === null) {
    if (!update || process.getuid?.() !== 0) {
      throw new Error(
        `the package lists name no ${packageName}; run "sudo apt-get update" once (on Ubuntu with the universe component)`,
      );
    }
    say('etcd: the package lists name no etcd-server; apt-get update');
    await run('apt-get', ['update', '-q'], { env, signal, timeout: 180_000 }).catch((error: Error) => {
      throw new Error(`apt-get update failed: ${lastLine(error)}`);
    });
    candidate = await candidateVersion(env, signal);
    if (candidate === null)
      throw new Error(`the package lists name no ${packageName}, even after apt-get update`);
  }
  const named = candidate;
  return {
    version: upstreamVersion(named),
    async fetch(folder) {
      say(`etcd: apt-get download ${packageName} ${named}`);
      await run('apt-get', [...sandbox, '-q', 'download', `${packageName}=${named}`], {
        cwd: folder,
        env,
        signal,
        timeout: 180_000,
      }).catch((error: Error) => {
        throw new Error(`apt-get download ${packageName} failed: ${lastLine(error)}`);
      });
      const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
      if (archive === undefined) throw new Error(`apt-get download ${packageName} left no .deb file`);
      const unpacked = join(folder, 'unpacked');
      await mkdir(unpacked);
      await run('dpkg', ['-x', join(folder, archive), unpacked], { env, signal, timeout: 60_000 });
      return join(unpacked, 'usr', 'bin', 'etcd');
    },
  };
}

/** '1:3.4.23+dfsg-4+b4' is 3.4.23. */
export function upstreamVersion(packageVersion: string): string {
  return packageVersion.replace(/^\d+:/, '').replace(/[-+~].*$/, '');
}

async function candidateVersion(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string | null> {
  // A second when the machine is quiet; one that is busy with its first set-up has taken more than 30.
  const { stdout } = await run('apt-cache', ['policy', packageName], { env, signal, timeout: 180_000 }).catch(
    (error: Error) => {
      throw new Error(`apt-cache policy ${packageName} failed: ${lastLine(error)}`);
    },
  );
  const candidate = /^\s*Candidate: (\S+)/m.exec(stdout)?.[1];
  return candidate === undefined || candidate === '(none)' ? null : candidate;
}

function lastLine(error: Error & { stderr?: string; killed?: boolean }): string {
  // execFile says "Command failed" and nothing more of one that it stopped itself.
  if (error.killed) return 'it had not ended when its time was over';
  return (error.stderr || error.message).trim().split('\n').at(-1) ?? '';
}
