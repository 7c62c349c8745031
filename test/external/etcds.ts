import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { archEnvironment } from '../../harness/cluster/etcd-program.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { freePort } from '../../harness/process/free-port.ts';
import type { Supervisor } from '../../harness/process/supervisor.ts';

/** A cluster as somebody else might run it: plain peers, its own way of TLS, no proxies. */
export interface Etcds {
  readonly endpoints: readonly string[];
  /** Asks the first member's JSON gateway as whoever administers it. */
  ask(path: string, body: object, token?: string): Promise<Record<string, unknown>>;
}

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** A client's own; members with TLS answer nobody without one. */
  readonly client: { readonly cert: string; readonly key: string };
}

/** The name that is in the certificates, and no address. */
export const serverName = 'etcd.test';

export async function startEtcds(
  supervisor: Supervisor,
  { tls }: { readonly tls?: Certificates } = {},
): Promise<Etcds> {
  const { path } = await ensureEtcd();
  const scheme = tls ? 'https' : 'http';
  const places = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => ({ name, peer: await freePort(), client: await freePort() })),
  );
  const peers = places.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(',');
  await Promise.all(
    places.map(async ({ name, peer, client }) => {
      const folder = await supervisor.temporaryFolder(`etcd-${name}`);
      await supervisor.spawn({
        name: `etcd-${name}`,
        command: path,
        args: [
          ...['--name', name, '--data-dir', join(folder, 'data'), '--logger', 'zap'],
          ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
          ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
          ...['--initial-cluster', peers, '--initial-cluster-token', `external-${places[0]!.peer}`],
          ...['--listen-client-urls', `${scheme}://127.0.0.1:${client}`],
          ...['--advertise-client-urls', `${scheme}://127.0.0.1:${client}`],
          ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key] : []),
          ...(tls ? ['--client-cert-auth', '--trusted-ca-file', tls.ca] : []),
        ],
        env: archEnvironment,
        logPath: join(folder, 'log'),
      });
    }),
  );
  const endpoints = places.map(({ client }) => `127.0.0.1:${client}`);
  const agent = new Agent(
    tls
      ? {
          connect: {
            ca: await readFile(tls.ca),
            cert: await readFile(tls.client.cert),
            key: await readFile(tls.client.key),
            servername: serverName,
          },
        }
      : undefined,
  );
  const ask: Etcds['ask'] = async (path, body, token) => {
    const { statusCode, body: answer } = await request(`${scheme}://${endpoints[0]}${path}`, {
      dispatcher: agent,
      method: 'POST',
      headers: token === undefined ? {} : { authorization: token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const untilMs = performance.now() + 20_000;
  for (;;) {
    try {
      await ask('/v3/kv/range', { key: b64('x') });
      return { endpoints, ask };
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await sleep(50);
    }
  }
}

/** From an authority of their own. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...ec,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  await writeFile(join(folder, 'server.names'), `subjectAltName=DNS:${serverName}\n`);
  await writeFile(join(folder, 'client.names'), 'extendedKeyUsage=clientAuth\n');
  for (const [whose, name] of [
    ['server', `/CN=${serverName}`],
    // With users etcd's JSON gateway refuses certificates of clients that have a common name.
    ['client', '/O=a client'],
  ]) {
    await openssl('req', ...ec, '-keyout', `${whose}.key`, '-out', `${whose}.csr`, '-subj', name!);
    await openssl(
      ...['x509', '-req', '-in', `${whose}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${whose}.pem`, '-days', '2', '-extfile', `${whose}.names`],
    );
  }
  const at = (name: string) => join(folder, name);
  const pair = (whose: string) => ({ cert: at(`${whose}.pem`), key: at(`${whose}.key`) });
  return { ca: at('ca.pem'), ...pair('server'), client: pair('client') };
}

/** A user who may read and write under a prefix, and nothing else; resolves to the administrator's token. */
export async function enableAuth(
  { ask }: Etcds,
  user: { readonly name: string; readonly password: string },
  prefix: string,
): Promise<string> {
  const root = { name: 'root', password: 'root-secret' };
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  await ask('/v3/auth/role/add', { name: 'root' });
  await ask('/v3/auth/role/add', { name: 'tests' });
  await ask('/v3/auth/role/grant', {
    name: 'tests',
    perm: { permType: 'READWRITE', key: b64(prefix), range_end: end.toString('base64') },
  });
  for (const [one, role] of [
    [root, 'root'],
    [user, 'tests'],
  ] as const) {
    await ask('/v3/auth/user/add', one);
    await ask('/v3/auth/user/grant', { user: one.name, role });
  }
  await ask('/v3/auth/enable', {});
  return ((await ask('/v3/auth/authenticate', root)) as { token: string }).token;
}

export const b64 = (text: string): string => Buffer.from(text).toString('base64');
