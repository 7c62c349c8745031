import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Cluster } from '../../harness/cluster/cluster.ts';
import { startLocalCluster } from '../../harness/cluster/local-cluster.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import type { Tuning } from '../../harness/cluster/tuning.ts';
import type { World } from '../../harness/nemesis/nemesis.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { seeded } from '../../harness/random.ts';

export interface TestWorld extends World, AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly etcd: { readonly path: string; readonly version: string };
  /** Gone with the world. */
  readonly folder: string;
  /** Of the server that all links are in. */
  readonly toxiproxyUrl: string;
}

/** A real cluster on real links. */
export async function startWorld(
  members: 1 | 3 | 5,
  options: Tuning & { readonly extraArgs?: readonly string[]; readonly etcd?: TestWorld['etcd'] } = {},
): Promise<TestWorld> {
  const supervisor = await createSupervisor();
  try {
    const etcd = options.etcd ?? (await ensureEtcd());
    const folder = await supervisor.temporaryFolder('logs');
    const { url } = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
    const network = await createNetwork({ toxiproxyUrl: url });
    const cluster = await startLocalCluster({ ...options, supervisor, network, etcd, members, folder });
    return {
      supervisor,
      etcd,
      folder,
      toxiproxyUrl: url,
      network,
      cluster,
      instances: [],
      random: seeded(1),
      signal: new AbortController().signal,
      [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose](),
    };
  } catch (error) {
    await supervisor[Symbol.asyncDispose]();
    throw error;
  }
}

/** The curve of the key in the certificate that whoever listens there shows. */
export async function curveShownAt(address: string): Promise<string | undefined> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().nistCurve;
  } finally {
    socket.destroy();
  }
}

/** Asks until it holds; fails with what the last asking said. For what takes an election or two. */
export async function eventually(holds: () => Promise<void>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      await holds();
      return;
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** One of the member's JSON gateway's methods. Rejects when there is no answer in time. */
export async function ask(
  cluster: Cluster,
  member: string,
  path: string,
  body: unknown,
  timeoutMs = 5_000,
): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${cluster.member(member).clientAddress}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Writes a key; the revision it got. */
export async function put(cluster: Cluster, member: string, key: string, value: string, timeoutMs?: number) {
  const { header } = await ask(
    cluster,
    member,
    '/v3/kv/put',
    { key: base64(key), value: base64(value) },
    timeoutMs,
  );
  return Number((header as { revision: string }).revision);
}

/** A linearizable read of a key; null when there is none. */
export async function get(cluster: Cluster, member: string, key: string, timeoutMs?: number) {
  const { kvs } = await ask(cluster, member, '/v3/kv/range', { key: base64(key) }, timeoutMs);
  const [kv] = (kvs ?? []) as { value: string }[];
  return kv ? Buffer.from(kv.value, 'base64').toString() : null;
}
