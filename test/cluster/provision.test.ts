import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../harness/cache-folder.ts';
import { byVersion } from '../../harness/cluster/etcd-cache.ts';
import { upstreamVersion } from '../../harness/cluster/etcd-package.ts';
import { type Environment, findOnPath } from '../../harness/cluster/etcd-program.ts';
import { etcdRelease, fetchRelease, sumOf } from '../../harness/cluster/etcd-release.ts';
import { EtcdNotFound, ensureEtcd, findEtcd } from '../../harness/cluster/provision.ts';

const run = promisify(execFile);

/** A machine of its own: an empty home and a PATH on which only what unpacks archives is to be found. */
let home: string;
let bin: string;
let environment: Environment;
let said: string[];
const say = (line: string) => said.push(line);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'provision-test-'));
  bin = join(home, 'bin');
  await mkdir(bin);
  for (const program of ['tar', 'gzip', 'unzip', 'sh', 'cat', 'dirname']) {
    const file = await findOnPath(program, process.env);
    if (file) await symlink(await realpath(file), join(bin, program));
  }
  environment = { PATH: bin, HOME: home };
  said = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A program that tells a version as etcd does. */
async function madeEtcd(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'etcd');
  await writeFile(path, `#!/bin/sh\necho "etcd Version: ${version}"\necho "Git SHA: made up"\n`);
  await chmod(path, 0o755);
  return path;
}

async function rejection(promise: Promise<unknown>): Promise<EtcdNotFound> {
  const error = await promise.then(
    (value) => new Error(`should have been rejected, got ${JSON.stringify(value)}`),
    (e) => e,
  );
  expect(error).toBeInstanceOf(EtcdNotFound);
  return error;
}

describe('named', () => {
  test('the option goes before the variable, and both before PATH', async () => {
    const byOption = await madeEtcd(join(home, 'a'), '3.5.1');
    const byVariable = await madeEtcd(join(home, 'b'), '3.5.2');
    await madeEtcd(bin, '3.5.3');
    const named = { ...environment, FAULTLINE_ETCD: byVariable };
    expect(await ensureEtcd({ etcd: byOption, environment: named })).toEqual({
      path: byOption,
      version: '3.5.1',
      source: 'named',
    });
    expect((await ensureEtcd({ environment: named })).version).toBe('3.5.2');
    expect(await ensureEtcd({ environment })).toMatchObject({ version: '3.5.3', source: 'PATH' });
  });

  test.each([
    [
      'a file that is not there',
      '/nowhere/etcd',
      undefined,
      /--etcd \(\/nowhere\/etcd\): there is no such file/,
    ],
    ['a program that is no etcd', process.execPath, undefined, /it is no etcd: --version printed "v\d/],
    ['another version than the one asked for', 'made', '3.6.9', /it is 3\.5\.1, not 3\.6\.9/],
  ])('%s is an error, not a reason to take another', async (_what, name, etcdVersion, message) => {
    await madeEtcd(bin, '3.6.9');
    const etcd = name === 'made' ? await madeEtcd(join(home, 'a'), '3.5.1') : name;
    expect((await rejection(ensureEtcd({ etcd, etcdVersion, environment }))).message).toMatch(message);
  });

  test('a version that is none is said before anything is looked for', async () => {
    await expect(ensureEtcd({ etcdVersion: 'latest', environment })).rejects.toThrow(
      '--etcd-version should look like v3.6.5, got latest',
    );
  });
});

describe('PATH and cache', () => {
  test('an etcd on PATH of another version is passed over for the one in the cache', async () => {
    await madeEtcd(bin, '3.4.23');
    await madeEtcd(join(cacheFolder(environment), 'etcd', '3.5.9'), '3.5.9');
    expect(await findEtcd({ etcdVersion: 'v3.5.9', environment, say })).toMatchObject({
      found: { version: '3.5.9', source: 'cache' },
    });
    expect(said).toEqual([
      'etcd: PATH: it is 3.4.23, not 3.5.9',
      expect.stringMatching(/^etcd: 3\.5\.9 from the cache, \/.*/),
    ]);
  });

  test('without a version the newest of the cache that runs is taken', async () => {
    const cache = join(cacheFolder(environment), 'etcd');
    await madeEtcd(join(cache, '3.9.0'), '3.9.0');
    await madeEtcd(join(cache, '3.10.2'), '3.10.2');
    const broken = await madeEtcd(join(cache, '3.11.0'), '3.11.0');
    await chmod(broken, 0o600);
    expect(await findEtcd({ environment })).toMatchObject({ found: { version: '3.10.2' } });
  });

  test.each([
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, 'linux', '/x/faultline'],
    [{ HOME: '/h' }, 'linux', '/h/.cache/faultline'],
    [{ HOME: '/h' }, 'darwin', '/h/Library/Caches/faultline'],
  ] as const)('the cache folder of %j on %s is %s', (variables, platform, folder) => {
    expect(cacheFolder(variables, platform)).toBe(folder);
  });

  test('versions are compared by their numbers', () => {
    expect(['3.10.1', '3.4.23', '3.6.5', '3.4.9'].sort(byVersion)).toEqual([
      '3.4.9',
      '3.4.23',
      '3.6.5',
      '3.10.1',
    ]);
  });
});

describe('packages', () => {
  /** Programs that answer as apt and dpkg do, and write down how they were called. */
  async function madeApt(candidate: string, packaged: string): Promise<() => Promise<string>> {
    const calls = join(home, 'calls');
    const script = async (name: string, body: string) => {
      await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${calls}\n${body}\n`);
      await chmod(join(bin, name), 0o755);
    };
    const payload = await madeEtcd(join(home, 'payload'), packaged);
    for (const program of ['cp', 'mkdir', 'touch']) {
      const file = await findOnPath(program, process.env);
      await symlink(await realpath(file!), join(bin, program)).catch(() => {});
    }
    await script(
      'apt-cache',
      `if [ -e ${home}/updated ] || [ "${candidate}" != later ]; then echo "  Candidate: ${candidate === 'later' ? '3.4.30-1' : candidate}"; fi`,
    );
    await script(
      'apt-get',
      `case "$*" in *update*) touch ${home}/updated;; *download*) echo deb > etcd-server_amd64.deb;; esac`,
    );
    await script('dpkg', `mkdir -p "$3/usr/bin" && cp ${payload} "$3/usr/bin/etcd"`);
    return () => readFile(calls, 'utf8');
  }

  test('the package is downloaded and unpacked into the cache, and found there the next time', async () => {
    const calls = await madeApt('3.4.23-4+b4', '3.4.23');
    const found = await ensureEtcd({ environment, say });
    expect(found).toEqual({
      path: join(cacheFolder(environment), 'etcd', '3.4.23', 'etcd'),
      version: '3.4.23',
      source: 'package',
    });
    expect(await calls()).toMatch(
      /apt-get .*download etcd-server=3\.4\.23-4\+b4\ndpkg -x .*etcd-server_amd64\.deb/,
    );
    expect(await calls()).not.toMatch(/update|install/);
    expect(await ensureEtcd({ environment })).toMatchObject({ source: 'cache', path: found.path });
    expect(await readdir(join(cacheFolder(environment), 'etcd'))).toEqual(['3.4.23']);
  });

  test.skipIf(process.getuid?.() !== 0)('as root, missing lists are fetched first', async () => {
    const calls = await madeApt('later', '3.4.30');
    expect(await ensureEtcd({ environment, say })).toMatchObject({ version: '3.4.30', source: 'package' });
    expect(await calls()).toMatch(/apt-get update[\s\S]*download/);
    expect(said.join('\n')).toMatch(/apt-get update/);
  });

  test('a package of another version than the one asked for is not downloaded', async () => {
    const calls = await madeApt('3.4.23-4+b4', '3.4.23');
    const error = await rejection(
      ensureEtcd({
        etcdVersion: '3.6.1',
        environment: { ...environment, FAULTLINE_ETCD_RELEASES: 'http://127.0.0.1:9' },
      }),
    );
    expect(error.tried).toContainEqual({ where: 'packages', result: 'the distribution offers 3.4.23' });
    expect(await calls()).not.toMatch(/download/);
  });

  test.each([
    ['3.4.23-4+b4', '3.4.23'],
    ['1:3.4.30~rc1-1', '3.4.30'],
    ['3.5.16+dfsg-1ubuntu2', '3.5.16'],
  ])('package version %s is etcd %s', (packaged, version) => {
    expect(upstreamVersion(packaged)).toBe(version);
  });
});

describe('release', () => {
  const version = '3.6.1';
  const cpu = process.arch === 'arm64' ? 'arm64' : 'amd64';

  /** A mirror on loopback that serves the given files under /v3.6.1/. */
  async function mirror(files: Record<string, Buffer | string>) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      const body = files[request.url!.replace(`/v${version}/`, '')];
      if (body === undefined) response.writeHead(404).end('no such file');
      else response.end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      asked,
      base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  async function madeArchive(kind: 'tar.gz' | 'zip', told = version) {
    const platform = kind === 'zip' ? 'darwin' : 'linux';
    const name = `etcd-v${version}-${platform}-${cpu}`;
    await madeEtcd(join(home, 'made', name), told);
    const file = join(home, `${name}.${kind}`);
    if (kind === 'tar.gz') await run('tar', ['-czf', file, '-C', join(home, 'made'), name]);
    else
      await run('python3', ['-m', 'zipfile', '-c', file, join(home, 'made', name)], {
        cwd: join(home, 'made'),
      });
    const bytes = await readFile(file);
    return { archive: `${name}.${kind}`, bytes, sum: createHash('sha256').update(bytes).digest('hex') };
  }
  const onLinux = test.skipIf(process.platform !== 'linux');

  onLinux('an archive with the right sum is unpacked into the cache', async () => {
    const { archive, bytes, sum } = await madeArchive('tar.gz');
    await using server = await mirror({
      [archive]: bytes,
      SHA256SUMS: `${'0'.repeat(64)}  other.zip\n${sum}  ${archive}\n`,
    });
    const reachable = { ...environment, FAULTLINE_ETCD_RELEASES: server.base };
    const found = await ensureEtcd({ etcdVersion: `v${version}`, environment: reachable, say });
    expect(found).toEqual({
      path: join(cacheFolder(environment), 'etcd', version, 'etcd'),
      version,
      source: 'release',
    });
    expect(said).toContain(`etcd: downloading ${server.base}/v${version}/${archive}`);
    expect(await ensureEtcd({ etcdVersion: version, environment: reachable })).toMatchObject({
      source: 'cache',
    });
    expect(server.asked).toHaveLength(2);
  });

  onLinux('two commands that fetch at the same time both get it, and leave one', async () => {
    const { archive, bytes, sum } = await madeArchive('tar.gz');
    await using server = await mirror({ [archive]: bytes, SHA256SUMS: `${sum}  ${archive}\n` });
    const options = {
      etcdVersion: version,
      environment: { ...environment, FAULTLINE_ETCD_RELEASES: server.base },
    };
    const found = await Promise.all([ensureEtcd(options), ensureEtcd(options), ensureEtcd(options)]);
    expect(new Set(found.map((f) => f.path)).size).toBe(1);
    expect(await readdir(join(cacheFolder(environment), 'etcd'))).toEqual([version]);
  });

  onLinux.each([
    [
      'the wrong sum',
      (a: Archive) => ({ [a.archive]: a.bytes, SHA256SUMS: `${'0'.repeat(64)}  ${a.archive}\n` }),
      /should have the SHA-256 0{64} of SHA256SUMS, got [0-9a-f]{64}; not unpacked/,
    ],
    [
      'no line in SHA256SUMS',
      (a: Archive) => ({ [a.archive]: a.bytes, SHA256SUMS: `${a.sum}  another.tar.gz\n` }),
      /SHA256SUMS has no line for etcd-v3\.6\.1-linux/,
    ],
    ['no SHA256SUMS', (a: Archive) => ({ [a.archive]: a.bytes }), /SHA256SUMS answered 404/],
    [
      'no archive',
      (a: Archive) => ({ SHA256SUMS: `${a.sum}  ${a.archive}\n` }),
      /etcd-v3\.6\.1-linux-\w+\.tar\.gz answered 404/,
    ],
    [
      'half an archive of the right sum',
      (a: Archive) => {
        const half = a.bytes.subarray(0, a.bytes.length / 2);
        return {
          [a.archive]: half,
          SHA256SUMS: `${createHash('sha256').update(half).digest('hex')}  ${a.archive}\n`,
        };
      },
      /tar/,
    ],
  ])('a release with %s is not taken, and nothing of it stays', async (_what, files, message) => {
    await using server = await mirror(files(await madeArchive('tar.gz')));
    const error = await rejection(
      ensureEtcd({
        etcdVersion: version,
        environment: { ...environment, FAULTLINE_ETCD_RELEASES: server.base },
      }),
    );
    expect(error.tried.map((t) => t.where)).toEqual([
      'PATH',
      expect.stringMatching(/^cache/),
      'packages',
      'release',
    ]);
    expect(error.tried.at(-1)!.result).toMatch(message);
    expect(error.message).toMatch(/^etcd 3\.6\.1 was not found\.[\s\S]*What to do: /);
    expect(await readdir(join(cacheFolder(environment), 'etcd'))).toEqual([]);
  });
  type Archive = Awaited<ReturnType<typeof madeArchive>>;

  onLinux('an archive whose etcd tells another version does not pass for the one asked for', async () => {
    const { archive, bytes, sum } = await madeArchive('tar.gz', '3.6.0');
    await using server = await mirror({ [archive]: bytes, SHA256SUMS: `${sum}  ${archive}\n` });
    const error = await rejection(
      ensureEtcd({
        etcdVersion: version,
        environment: { ...environment, FAULTLINE_ETCD_RELEASES: server.base },
      }),
    );
    expect(error.tried.at(-1)!.result).toBe('what came calls itself 3.6.0');
  });

  test('a mirror that does not answer is told with its address', async () => {
    const error = await rejection(
      ensureEtcd({ environment: { ...environment, FAULTLINE_ETCD_RELEASES: 'http://127.0.0.1:9' } }),
    );
    expect(error.tried.at(-1)!.result).toMatch(/^http:\/\/127\.0\.0\.1:9\/.* could not be reached: /);
  });

  test('the .zip of macOS is unpacked too', async ({ skip }) => {
    if (!(await findOnPath('python3', process.env)) || !(await findOnPath('unzip', process.env))) skip();
    const { archive, bytes, sum } = await madeArchive('zip');
    await using server = await mirror({ [archive]: bytes, SHA256SUMS: `${sum}  ${archive}\n` });
    const release = etcdRelease({ version, base: server.base, platform: 'darwin' });
    const folder = await mkdtemp(join(home, 'zip-'));
    const path = await fetchRelease(release, { folder, environment, say });
    expect(await readFile(path, 'utf8')).toMatch(/etcd Version: 3\.6\.1/);
  });

  test.each([
    ['linux', 'x64', 'etcd-v3.6.1-linux-amd64.tar.gz'],
    ['linux', 'arm64', 'etcd-v3.6.1-linux-arm64.tar.gz'],
    ['darwin', 'x64', 'etcd-v3.6.1-darwin-amd64.zip'],
    ['darwin', 'arm64', 'etcd-v3.6.1-darwin-arm64.zip'],
  ])('%s %s takes %s', (platform, arch, archive) => {
    expect(etcdRelease({ version, platform, arch, base: 'http://mirror/' })).toEqual({
      version,
      archive,
      url: `http://mirror/v3.6.1/${archive}`,
      sumsUrl: 'http://mirror/v3.6.1/SHA256SUMS',
    });
  });

  test.each([
    ['win32', 'x64'],
    ['linux', 'ia32'],
  ])('%s %s has no archive', (platform, arch) => {
    expect(() => etcdRelease({ version, platform, arch })).toThrow(
      /taken for linux and darwin, x64 and arm64/,
    );
  });

  test('sums are read in both of the forms that sha256sum writes', () => {
    const sum = 'A'.repeat(64);
    expect(sumOf(`${sum}  a.zip\n`, 'a.zip')).toBe('a'.repeat(64));
    expect(sumOf(`${sum} *a.zip\r\n`, 'a.zip')).toBe('a'.repeat(64));
    expect(sumOf(`${sum}  aa.zip\n`, 'a.zip')).toBe(null);
  });
});
