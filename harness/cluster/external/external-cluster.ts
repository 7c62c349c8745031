import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import type { AdoptedLink } from '../../network/adopted-proxies.ts';
import { isGone, ownerOf } from '../../process/owner.ts';
import type { Cluster, Member } from '../cluster.ts';
import { base64 } from '../gateway.ts';
import { agreedLeader, sentence } from '../leader.ts';
import { memberStatus } from '../member-status.ts';
import { startedCluster } from '../started-cluster.ts';
import type { EtcdAccess } from './access.ts';
import { ExternalGateway } from './external-gateway.ts';
import { prefixEnd } from './namespace.ts';

/** A cluster that is somebody else's, as the command line names it. */
export interface ExternalPlace {
  /** 'host:port', one for each member; they are m1, m2, ... in this order. */
  readonly endpoints: readonly string[];
  /** All that a run writes is under it: '/faultline/'. */
  readonly root: string;
  readonly tls?: NonNullable<EtcdAccess['tls']>;
  readonly user?: NonNullable<EtcdAccess['user']>;
  /** Between every two members, each way: proxies that are there already, of the Toxiproxy that the run is given. */
  readonly peers?: readonly AdoptedLink[];
}

/** An ExternalUnfit says what about the cluster that was named keeps a run from using it. */
export class ExternalUnfit extends Error {
  override readonly name = 'ExternalUnfit';
}

const timeoutMs = 5_000;

interface StatusJson {
  readonly header?: { readonly cluster_id?: string; readonly member_id?: string };
  readonly version?: string;
}

/**
 * Looks, and changes nothing but what is under the root: every endpoint answers, all are members of one cluster and none is named twice,
 * they agree on a leader within 5 s, and the user may write and delete under the root. Then removes what runs of this machine that are
 * gone have left there. @throws ExternalUnfit
 */
export async function examineExternal(
  place: ExternalPlace,
): Promise<{ readonly version: string; readonly removed: readonly string[] }> {
  const access = accessUnder(place, place.root);
  const gateways = gatewaysOf(place, access);
  const agent = new Agent();
  try {
    const told = await Promise.all(
      gateways.map(async ({ name, endpoint, gateway }) => {
        const status = (await gateway.ask('/v3/maintenance/status', {}, { timeoutMs }).catch((error) => {
          throw new ExternalUnfit(
            `--endpoints: ${endpoint} should answer as an etcd of 3.4 or later, but ${whyOf(error)}${hintFor(error, place)}`,
          );
        })) as StatusJson;
        return { name, endpoint, cluster: status.header?.cluster_id, id: status.header?.member_id, status };
      }),
    );
    const [first] = told as [(typeof told)[number]];
    const stranger = told.find(({ cluster }) => cluster !== first.cluster);
    if (stranger !== undefined)
      throw new ExternalUnfit(
        `--endpoints should be of one cluster, got ${first.endpoint} of ${first.cluster} and ${stranger.endpoint} of ${stranger.cluster}`,
      );
    const twice = told.find(({ id }, i) => told.findIndex((other) => other.id === id) !== i);
    if (twice !== undefined)
      throw new ExternalUnfit(
        `--endpoints should name each member once, got ${twice.endpoint}, which is member ${twice.id} again`,
      );
    const names = new Map(told.map(({ id, name }) => [id!, name]));
    // An election may be under way; one that does not end within the limit is no state to begin in.
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const statuses = await Promise.all(
        gateways.map((member) => memberStatus(member, names, { agent, timeoutMs })),
      );
      if (agreedLeader(statuses) !== null) break;
      if (performance.now() >= deadline)
        throw new ExternalUnfit(
          `--endpoints should agree on a leader that is among them, but ${statuses.map(sentence).join('; ')}`,
        );
      await sleep(50);
    }
    const [{ gateway }] = gateways as [Reached];
    const swept = async () => {
      // Of no key, but refused as any other would be.
      await gateway.ask('/v3/kv/deleterange', { key: base64(runs) }, { timeoutMs });
      return await sweepAbandoned(gateway);
    };
    const removed = await swept().catch((error) => {
      throw new ExternalUnfit(
        `the run should be allowed to read, write and delete under ${place.root}, but ${whyOf(error)}`,
      );
    });
    return { version: first.status.version ?? 'unknown', removed };
  } finally {
    await Promise.all([agent.destroy(), ...gateways.map(({ gateway }) => gateway.close())]);
  }
}

/**
 * Takes a part of the cluster's keys for a run of its own: /faultline/runs/<id>/, and /faultline/owners/<id>, which tells a later
 * run whose it is. Disposing of the cluster removes both, and ends no member.
 */
export async function attachExternal(
  place: ExternalPlace,
): Promise<{ readonly cluster: Cluster; readonly access: EtcdAccess }> {
  const id = randomBytes(8).toString('hex');
  const access = accessUnder(place, `${place.root}${runs}${id}/`);
  const ofRoot = gatewaysOf(place, accessUnder(place, place.root)).map(({ gateway }) => gateway);
  const reached = gatewaysOf(place, access);
  const agent = new Agent();
  async function leave(): Promise<void> {
    try {
      await firstOf(ofRoot, (gateway) => removeRun(gateway, id));
    } finally {
      const all = [...ofRoot, ...reached.map(({ gateway }) => gateway)];
      await Promise.all([agent.destroy(), ...all.map((gateway) => gateway.close())]);
    }
  }
  try {
    const entry = { key: base64(`${owners}${id}`), value: base64(await ownerOf(process.pid)) };
    await firstOf(ofRoot, (gateway) => gateway.ask('/v3/kv/put', entry, { timeoutMs }));
    const cluster = await startedCluster({ members: reached.map(externalMember), agent, stop: leave });
    return { cluster, access };
  } catch (error) {
    await leave().catch(() => {});
    throw error;
  }
}

/** Under the root. */
const runs = 'runs/';
const owners = 'owners/';

interface Reached {
  readonly name: string;
  readonly endpoint: string;
  readonly clientAddress: string;
  readonly gateway: ExternalGateway;
}

function accessUnder({ tls, user }: ExternalPlace, prefix: string): EtcdAccess {
  return { prefix, ...(tls && { tls }), ...(user && { user }) };
}

function gatewaysOf({ endpoints }: ExternalPlace, access: EtcdAccess): Reached[] {
  return endpoints.map((endpoint, i) => {
    const name = `m${i + 1}`;
    const gateway = new ExternalGateway({ name, endpoint }, access);
    return { name, endpoint, clientAddress: endpoint, gateway };
  });
}

/** Removes what runs left whose process is gone, and nothing else: their ids. */
async function sweepAbandoned(gateway: ExternalGateway): Promise<string[]> {
  const { kvs = [] } = (await gateway.ask('/v3/kv/range', under(owners), { timeoutMs })) as {
    readonly kvs?: readonly { readonly key: string; readonly value?: string }[];
  };
  const removed: string[] = [];
  for (const { key, value = '' } of kvs) {
    const id = text(key).slice(owners.length);
    if (!/^[0-9a-f]{16}$/.test(id) || !(await isGone(text(value)))) continue;
    await removeRun(gateway, id);
    removed.push(id);
  }
  return removed;
}

/** The owner last: were it interrupted, the next run would go on with it. */
async function removeRun(gateway: ExternalGateway, id: string): Promise<void> {
  await gateway.ask('/v3/kv/deleterange', under(`${runs}${id}/`), { timeoutMs });
  await gateway.ask('/v3/kv/deleterange', { key: base64(`${owners}${id}`) }, { timeoutMs });
}

function under(prefix: string): { readonly key: string; readonly range_end: string } {
  return { key: base64(prefix), range_end: prefixEnd(Buffer.from(prefix)).toString('base64') };
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'base64').toString();
}

/** Asks one after the other until one answers; rejects with what the last one said. */
async function firstOf<T>(
  gateways: readonly ExternalGateway[],
  ask: (gateway: ExternalGateway) => Promise<T>,
): Promise<T> {
  let last: unknown;
  for (const gateway of gateways) {
    try {
      return await ask(gateway);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Faults of members are refused before a run; what asks for one all the same is a mistake of the harness. */
function externalMember({ name, clientAddress, gateway }: Reached): Member {
  const refused = async (): Promise<never> => {
    throw new Error(`${name} is not the run's own: it is neither ended nor paused`);
  };
  return {
    name,
    clientAddress,
    gateway,
    logPath: '',
    state: { state: 'up', pid: Number.NaN },
    kill: refused,
    shutDown: refused,
    pause: refused,
    resume: refused,
    restart: refused,
  };
}

/** A server that wants a certificate says so only after its part of the handshake, and then hangs up. */
function hintFor(error: unknown, { tls }: ExternalPlace): string {
  const hungUp = ['UND_ERR_SOCKET', 'ECONNRESET', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'];
  const closed = hungUp.includes((error as NodeJS.ErrnoException).code ?? '');
  if (!closed || tls === undefined || tls.cert !== undefined) return '';
  return '; if it wants a certificate of its clients, name it with --cert and --key';
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it did not answer within ${timeoutMs} ms`;
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
