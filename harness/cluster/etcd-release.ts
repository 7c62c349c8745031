import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Dispatcher, EnvHttpProxyAgent, fetch } from 'undici';
import type { Environment } from './etcd-program.ts';

const run = promisify(execFile);

/** An EtcdRelease is one archive of etcd's official releases. */
export interface EtcdRelease {
  /** '3.6.5' */
  readonly version: string;
  /** 'etcd-v3.6.5-linux-amd64.tar.gz' */
  readonly archive: string;
  readonly url: string;
  readonly sumsUrl: string;
}

export const officialReleases = 'https://github.com/etcd-io/etcd/releases/download';

/** What is fetched when nobody asks for a version. */
export const defaultEtcdVersion = '3.6.16';

/** Throws when etcd publishes no archive for the platform. */
export function etcdRelease(options: {
  readonly version: string;
  readonly base?: string;
  readonly platform?: string;
  readonly arch?: string;
}): EtcdRelease {
  const { version, base = officialReleases, platform = process.platform, arch = process.arch } = options;
  const extension = { linux: 'tar.gz', darwin: 'zip' }[platform];
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch];
  if (extension === undefined || cpu === undefined)
    throw new Error(
      `etcd's releases are taken for linux and darwin, x64 and arm64; this is ${platform} ${arch}`,
    );
  const archive = `etcd-v${version}-${platform}-${cpu}.${extension}`;
  const folder = `${base.replace(/\/+$/, '')}/v${version}`;
  return { version, archive, url: `${folder}/${archive}`, sumsUrl: `${folder}/SHA256SUMS` };
}

/**
 * Downloads the archive, holds it against the release's SHA256SUMS, and only then unpacks it with the system's tar or
 * unzip. Returns the program's path.
 */
export async function fetchRelease(
  release: EtcdRelease,
  options: {
    readonly folder: string;
    readonly environment: Environment;
    readonly say: (line: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<string> {
  const { folder, environment, say } = options;
  const limit = AbortSignal.timeout(600_000);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: environment.http_proxy ?? environment.HTTP_PROXY,
    httpsProxy: environment.https_proxy ?? environment.HTTPS_PROXY,
    noProxy: environment.no_proxy ?? environment.NO_PROXY,
    connect: { timeout: 10_000 },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  });
  try {
    const wanted = sumOf(await (await get(release.sumsUrl, dispatcher, signal)).text(), release.archive);
    if (wanted === null) throw new Error(`${release.sumsUrl} has no line for ${release.archive}`);
    say(`etcd: downloading ${release.url}`);
    const file = join(folder, release.archive);
    const got = await download(release.url, file, dispatcher, signal);
    if (got !== wanted) {
      throw new Error(
        `${release.archive} should have the SHA-256 ${wanted} of SHA256SUMS, got ${got}; not unpacked`,
      );
    }
    const env = { ...environment };
    if (file.endsWith('.zip'))
      await run('unzip', ['-q', file, '-d', folder], { env, signal, timeout: 120_000 });
    else await run('tar', ['-xzf', file, '-C', folder], { env, signal, timeout: 120_000 });
    return join(folder, release.archive.replace(/\.(tar\.gz|zip)$/, ''), 'etcd');
  } finally {
    await dispatcher.destroy();
  }
}

/** Lines of `sha256sum`: the sum, two blanks (or a blank and a star), the name. */
export function sumOf(sums: string, archive: string): string | null {
  for (const line of sums.split('\n')) {
    const [, sum, name] = /^([0-9a-fA-F]{64}) [ *](.+)$/.exec(line.trim()) ?? [];
    if (sum !== undefined && name === archive) return sum.toLowerCase();
  }
  return null;
}

async function get(url: string, dispatcher: Dispatcher, signal: AbortSignal) {
  const response = await fetch(url, { dispatcher, signal }).catch((error: Error & { cause?: Error }) => {
    throw new Error(`${url} could not be reached: ${error.cause?.message || error.message}`);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  return response;
}

async function download(
  url: string,
  file: string,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<string> {
  const response = await get(url, dispatcher, signal);
  if (response.body === null) throw new Error(`${url} answered without a body`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), hashing, createWriteStream(file));
  return hash.digest('hex');
}
