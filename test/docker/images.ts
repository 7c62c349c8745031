import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Images } from '../../harness/cluster/docker/images.ts';
import { etcdVersionOf } from '../../harness/cluster/etcd-program.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { builtPath, etcds, toxiproxy } from '../versions/programs.ts';

const run = promisify(execFile);

/** What is needed to make images where no registry is. Throws with what is missing and what to do. */
export async function localImages(options: { readonly etcd?: string } = {}): Promise<Images> {
  const proxy = await builtPath(toxiproxy);
  if (proxy === null)
    throw new Error(`${toxiproxy.name} has not been built (npm run test-programs ${toxiproxy.name})`);
  const newest = etcds[0]!;
  const etcd = options.etcd ?? (await builtPath(newest)) ?? (await ensureEtcd({ say: () => {} })).path;
  const version = await etcdVersionOf(etcd);
  return {
    etcd: await image(`faultline-test/etcd:${version}`, [[etcd, '/usr/local/bin/etcd']], []),
    toxiproxy: await image(
      `faultline-test/toxiproxy:${toxiproxy.version}`,
      [[proxy, '/toxiproxy']],
      ['ENTRYPOINT ["/toxiproxy"]'],
    ),
  };
}

/** An image of a few programs and the libraries that they are linked with, laid out as the official ones are. */
async function image(
  name: string,
  programs: readonly (readonly [from: string, to: string])[],
  changes: readonly string[],
): Promise<string> {
  const there = await run('docker', ['image', 'inspect', name], { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
  if (there) return name;
  const scratch = await mkdtemp(join(tmpdir(), 'faultline-image-'));
  try {
    const root = join(scratch, 'root');
    for (const [from, to] of programs) {
      const files = [[from, to] as const, ...(await librariesOf(from)).map((file) => [file, file] as const)];
      for (const [source, target] of files) {
        await mkdir(join(root, dirname(target)), { recursive: true });
        await copyFile(source, join(root, target));
      }
    }
    // As distroless has it: names first from the hosts file.
    await mkdir(join(root, 'etc'), { recursive: true });
    await writeFile(join(root, 'etc', 'nsswitch.conf'), 'hosts: files dns\n');
    const archive = join(scratch, 'root.tar');
    await run('tar', ['-cf', archive, '-C', root, '.'], { timeout: 60_000 });
    const told = changes.flatMap((change) => ['--change', change]);
    await run('docker', ['import', ...told, archive, name], { timeout: 120_000 });
    return name;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The files of `ldd`; none for a program that is linked statically. */
async function librariesOf(program: string): Promise<string[]> {
  const head = await readFile(program).then((bytes) => bytes.subarray(0, 4).toString('latin1'));
  if (head !== '\x7fELF') throw new Error(`${basename(program)} is no Linux program: ${program}`);
  const { stdout } = await run('ldd', [program], { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file]) => file!);
}
