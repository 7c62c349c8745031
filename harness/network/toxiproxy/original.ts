import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../process/free-port.ts';
import { startTimeOf } from '../../process/process-table.ts';
import type { ManagedProcess, Supervisor } from '../../process/supervisor.ts';
import { ToxiproxyClient } from '../toxiproxy-client.ts';

const run = promisify(execFile);

/** An OriginalToxiproxy is Shopify's own server, in place of the embedded one: a program to start, or one that runs. */
export type OriginalToxiproxy =
  | { readonly kind: 'program'; readonly path: string; readonly version: string }
  /** Only proxies that a run has made are touched, and removed at its end. */
  | { readonly kind: 'server'; readonly url: string; readonly version: string };

/** A ToxiproxyUnfit says what about the Toxiproxy that was named keeps a run from using it. */
export class ToxiproxyUnfit extends Error {
  override readonly name = 'ToxiproxyUnfit';
}

/** The first whose API and metrics are as the harness uses them. */
const oldestMinor = 5;

/**
 * What `--toxiproxy` names: a URL is a server that runs on this machine, everything else the path of a program.
 *
 * @throws ToxiproxyUnfit
 */
export async function findOriginal(named: string): Promise<OriginalToxiproxy> {
  return /^https?:\/\//.test(named) ? await findServer(named) : await findProgram(named);
}

async function findProgram(path: string): Promise<OriginalToxiproxy> {
  const { stdout } = await run(path, ['-version'], { timeout: 10_000 }).catch((error) => {
    const why =
      error.code === 'ENOENT' ? 'there is no such file' : String(error.message).trim().split('\n').at(-1);
    throw new ToxiproxyUnfit(
      `--toxiproxy should be a toxiproxy-server or the URL of one, got ${path}: ${why}`,
    );
  });
  const version = /^toxiproxy-server version (\S+)/m.exec(stdout)?.[1];
  if (version === undefined) {
    throw new ToxiproxyUnfit(
      `--toxiproxy should be a toxiproxy-server, but ${path} -version printed ${JSON.stringify(stdout.slice(0, 80))}`,
    );
  }
  newEnough(version, path);
  return { kind: 'program', path, version };
}

async function findServer(url: string): Promise<OriginalToxiproxy> {
  // Its proxies listen and dial on its own machine, where the members of a run have loopback addresses.
  const { hostname } = new URL(url);
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) {
    throw new ToxiproxyUnfit(`--toxiproxy should be on this machine (http://127.0.0.1:8474), got ${url}`);
  }
  const client = new ToxiproxyClient(url, 5_000);
  let version: string;
  try {
    version = await client.version();
  } catch (error) {
    throw new ToxiproxyUnfit(
      `--toxiproxy ${url} does not answer as a Toxiproxy: ${(error as Error).message}`,
    );
  }
  newEnough(version, url);
  await removeLeftProbes(client);
  await tryOut(client);
  return { kind: 'server', url: client.url, version };
}

function newEnough(version: string, where: string): void {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === '2' && Number(minor) >= oldestMinor) return;
  throw new ToxiproxyUnfit(
    `--toxiproxy should be of version 2.${oldestMinor} to 2.x, but ${where} is ${version}`,
  );
}

/** One byte through a proxy of its own, which must come out of this machine, and be counted. */
async function tryOut(client: ToxiproxyClient): Promise<void> {
  const name = `${await probesOf(process.pid)}${randomBytes(4).toString('hex')}`;
  const far = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  far.listen(0, '127.0.0.1');
  await once(far, 'listening');
  const proxy = await client.createProxy(
    name,
    `127.0.0.1:${await freePort()}`,
    `127.0.0.1:${(far.address() as AddressInfo).port}`,
  );
  try {
    if (!(await echoes(Number(proxy.listen.split(':').at(-1))))) {
      throw new ToxiproxyUnfit(
        `--toxiproxy ${client.url} has proxies that do not lead back to this machine: it should run on it, not in a container of its own network`,
      );
    }
    // A connection is counted a moment after its end.
    for (let attempt = 0; attempt < 40; attempt++) {
      const bytes = (await client.traffic().catch(() => new Map())).get(name)?.upstreamBytes ?? 0;
      if (bytes > 0) return;
      await sleep(50);
    }
    throw new ToxiproxyUnfit(
      `--toxiproxy ${client.url} counts no bytes, without which nothing proves that a link is in use: start it with -proxy-metrics`,
    );
  } finally {
    await client.removeProxy(proxy);
    far.close();
  }
}

/** How the names of a process's probes begin: its number and start name it for good, on the one machine that both are on. */
async function probesOf(pid: number): Promise<string> {
  const start = (await startTimeOf(pid)) ?? 'gone';
  return `faultline-probe-${pid}-${start.replaceAll(/\W/g, '')}-`;
}

/** Those of commands that were killed while they tried it. */
async function removeLeftProbes(client: ToxiproxyClient): Promise<void> {
  for (const proxy of await client.proxies()) {
    const pid = /^faultline-probe-(\d+)-\w+-[0-9a-f]{8}$/.exec(proxy.name)?.[1];
    if (pid !== undefined && !proxy.name.startsWith(await probesOf(Number(pid))))
      await client.removeProxy(proxy);
  }
}

async function echoes(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const closed = new Promise<false>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
  socket.write('x');
  try {
    return await Promise.race([
      once(socket, 'data').then(() => true),
      closed,
      sleep(2_000, false, { ref: false }),
    ]);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Starts the program; resolves when its API answers. The keeper ends it when the command is killed. */
export async function startOriginal(options: {
  readonly supervisor: Supervisor;
  readonly path: string;
  readonly logPath: string;
  /** Told to it; what 2.12 does with it is nothing. */
  readonly seed?: number;
  /** 10,000 unless told. */
  readonly timeoutMs?: number;
}): Promise<{ readonly url: string; readonly process: ManagedProcess }> {
  const { supervisor, path, logPath, seed, timeoutMs = 10_000 } = options;
  const port = await freePort();
  const started = await supervisor.spawn({
    name: 'toxiproxy',
    command: path,
    args: [
      '-host',
      '127.0.0.1',
      '-port',
      String(port),
      '-proxy-metrics',
      ...(seed === undefined ? [] : ['-seed', String(seed)]),
    ],
    // At its default it writes a line for each connection and each call.
    env: { LOG_LEVEL: 'warn' },
    logPath,
  });
  const url = `http://127.0.0.1:${port}`;
  const client = new ToxiproxyClient(url, 1_000);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answers = await client.version().then(
      () => true,
      () => false,
    );
    if (answers && !started.exit) return { url, process: started };
    const how = started.exit
      ? `ended with ${started.exit.signal ?? started.exit.code}`
      : performance.now() >= deadline
        ? `did not answer within ${timeoutMs} ms`
        : undefined;
    if (how !== undefined) {
      const last = await started.lastOutput();
      await started.stop();
      throw new Error(`toxiproxy (${path}) ${how}; its last output was:\n${last}`);
    }
    await sleep(15);
  }
}
