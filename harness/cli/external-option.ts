import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type ExternalPlace, ExternalUnfit, examineExternal } from '../cluster/external/external-cluster.ts';
import type { Nemesis } from '../nemesis/nemesis.ts';
import type { Plan } from '../run.ts';
import { memberCounts, type Scenario } from '../scenario.ts';
import { examinePeerProxies, readPeerProxies } from './peer-proxies-option.ts';
import { UsageError } from './usage-error.ts';

export interface ExternalOptions {
  readonly runtime?: string;
  readonly endpoints?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly peerProxies?: string;
}

/** How members are started. */
interface MemberOptions {
  readonly etcd?: string;
  readonly etcdVersion?: string;
  readonly heartbeatMs?: string;
  readonly electionMs?: string;
  readonly preVote?: boolean;
  readonly snapshotCount?: string;
  readonly quotaBackendBytes?: string;
}

export function addExternalOptions(command: Command): Command {
  return command
    .option('--endpoints <list>', 'External: every member of the cluster, host:port,host:port,...')
    .option('--cacert <file>', 'External: TLS, with the authority that signed its certificates')
    .option('--cert <file>', "External: TLS with a client's certificate")
    .option('--key <file>', 'External: the key of that certificate')
    .option('--server-name <name>', 'External: what its certificates are for, where that is not the endpoint')
    .option('--user <name>', 'External: the user; its password is in FAULTLINE_ETCD_PASSWORD')
    .option('--password-file <file>', 'External: or on the first line of this file')
    .option(
      '--peer-proxies <file>',
      'External: which proxy of --toxiproxy URL each link between members goes through, {"m1->m2": "name", ...}',
    );
}

/** Those that were given, as they were. */
export function externalOnly(
  options: ExternalOptions,
): readonly (readonly [option: string, value: string])[] {
  return (
    [
      ['--endpoints', options.endpoints],
      ['--cacert', options.cacert],
      ['--cert', options.cert],
      ['--key', options.key],
      ['--server-name', options.serverName],
      ['--user', options.user],
      ['--password-file', options.passwordFile],
      ['--peer-proxies', options.peerProxies],
    ] as const
  ).flatMap(([option, value]) => (value === undefined ? [] : [[option, value] as const]));
}

/** Where a run on somebody else's cluster goes. @throws UsageError */
export async function externalAsked(
  options: ExternalOptions & MemberOptions & { readonly toxiproxy?: string },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ExternalPlace | undefined> {
  if (options.runtime !== 'external') {
    const misplaced = externalOnly(options)[0];
    if (misplaced === undefined) return undefined;
    throw new UsageError(
      `${misplaced[0]} should be left out with --runtime ${options.runtime ?? 'local'}, got ${misplaced[1]}: it is for --runtime external`,
    );
  }
  for (const [option, value] of Object.entries({
    '--etcd': options.etcd,
    '--etcd-version': options.etcdVersion,
    '--heartbeat-ms': options.heartbeatMs,
    '--election-ms': options.electionMs,
    '--pre-vote': options.preVote,
    '--snapshot-count': options.snapshotCount,
    '--quota-backend-bytes': options.quotaBackendBytes,
  })) {
    if (value === undefined) continue;
    throw new UsageError(
      `${option} should be left out with --runtime external, got ${value}: its members run already, as they are`,
    );
  }
  const endpoints = endpointsIn(options.endpoints);
  const tls = await tlsOf(options, endpoints);
  const user = await userOf(options, environment);
  const peers = await peersOf(options, endpoints);
  return {
    ...{ endpoints, root: '/faultline/' },
    ...(tls && { tls }),
    ...(user && { user }),
    ...(peers && { peers }),
  };
}

async function peersOf(
  { peerProxies, toxiproxy }: ExternalOptions & { readonly toxiproxy?: string },
  endpoints: readonly string[],
): Promise<ExternalPlace['peers'] | undefined> {
  if (peerProxies === undefined) return undefined;
  if (toxiproxy === undefined || !/^https?:\/\//.test(toxiproxy))
    throw new UsageError(
      `--peer-proxies needs --toxiproxy URL, the server that has them, got ${toxiproxy ?? 'none'}`,
    );
  if (endpoints.length === 1)
    throw new UsageError(`--peer-proxies should be left out with one endpoint, got ${peerProxies}`);
  return await readPeerProxies(
    peerProxies,
    endpoints.map((_, i) => `m${i + 1}`),
  );
}

/** @throws UsageError */
export function endpointsIn(list: string | undefined): readonly string[] {
  if (list === undefined)
    throw new UsageError(
      '--runtime external needs --endpoints host:port,host:port,... (faultline run), got none',
    );
  const endpoints = list.split(',').map((one) => one.trim());
  for (const endpoint of endpoints) {
    const port = Number(/^[\w.-]+:(\d{1,5})$/.exec(endpoint)?.[1]);
    if (port >= 1 && port <= 65_535) continue;
    throw new UsageError(`--endpoints should be host:port,host:port,... without a scheme, got '${endpoint}'`);
  }
  const twice = endpoints.find((one, i) => endpoints.indexOf(one) !== i);
  if (twice !== undefined)
    throw new UsageError(`--endpoints should name each member once, got ${twice} twice`);
  if (!memberCounts.some((count) => count === endpoints.length))
    throw new UsageError(
      `--endpoints should name all members, ${memberCounts.join(', ')} of them, got ${endpoints.length}`,
    );
  return endpoints;
}

async function tlsOf(
  options: ExternalOptions,
  endpoints: readonly string[],
): Promise<ExternalPlace['tls'] | undefined> {
  const { cacert, cert, key, serverName } = options;
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError(`--cert and --key should be given together, got ${cert ? '--cert' : '--key'} alone`);
  if (cacert === undefined && cert === undefined) {
    if (serverName === undefined) return undefined;
    throw new UsageError(
      `--server-name should be given with --cacert or --cert, got ${serverName} without TLS`,
    );
  }
  for (const [option, file] of Object.entries({ '--cacert': cacert, '--cert': cert, '--key': key })) {
    if (file === undefined) continue;
    await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`${option} should be a file that can be read, got ${file} (${error.code})`);
    });
  }
  return {
    ...(cacert !== undefined && { ca: cacert }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    serverNames: Object.fromEntries(
      endpoints.map((endpoint, i) => [`m${i + 1}`, serverName ?? endpoint.replace(/:\d+$/, '')]),
    ),
  };
}

/** Never in an argument, where every process of the machine could read it. */
async function userOf(
  { user, passwordFile }: ExternalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ExternalPlace['user'] | undefined> {
  if (user === undefined) {
    if (passwordFile === undefined) return undefined;
    throw new UsageError(`--password-file should be given with --user, got ${passwordFile} without one`);
  }
  const password =
    passwordFile === undefined
      ? environment.FAULTLINE_ETCD_PASSWORD
      : (
          await readFile(passwordFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
            throw new UsageError(
              `--password-file should be a file that can be read, got ${passwordFile} (${error.code})`,
            );
          })
        ).split(/\r?\n/)[0];
  if (!password)
    throw new UsageError(
      `--user ${user} needs a password, in FAULTLINE_ETCD_PASSWORD or on the first line of --password-file, got none`,
    );
  return { name: user, password };
}

/** Looks at the cluster, and at the proxies between its members, before anything is started. @throws UsageError for one that a run cannot use */
export async function prepareExternal(
  place: ExternalPlace,
  say: (line: string) => void,
  peers: { readonly file?: string; readonly toxiproxyUrl?: string } = {},
): Promise<Pick<Plan, 'etcd'> & { readonly external: ExternalPlace }> {
  const { version, removed } = await examineExternal(place).catch((error) => {
    throw error instanceof ExternalUnfit ? new UsageError(error.message, { cause: error }) : error;
  });
  if (place.peers && peers.file !== undefined && peers.toxiproxyUrl !== undefined)
    await examinePeerProxies(peers.file, place.peers, peers.toxiproxyUrl);
  if (removed.length > 0)
    say(`removed what earlier runs left under ${place.root}runs/: ${removed.join(', ')}`);
  say(
    `etcd ${version} at ${place.endpoints.join(', ')} is not the run's own: all keys are under ${place.root}, and its members ` +
      'are not asked whether they agree, who led when and how they are (members-agree, no-split-brain, process-health)',
  );
  return { external: place, etcd: { path: place.endpoints.join(','), version } };
}

/** Why a fault cannot be done on members that are somebody else's, and what it would take; undefined when it can. */
export function externalRefusal(
  nemesis: Pick<Nemesis, 'name' | 'strikes' | 'needs' | 'linksOnly'>,
  { peerProxies }: { readonly peerProxies?: string | undefined } = {},
): string | undefined {
  const { name, strikes, needs, linksOnly } = nemesis;
  // Any member is as good a leader, and nobody is cut off.
  if (name === 'transfer-leader') return undefined;
  if (strikes === 'store')
    return 'it touches the history, the space or the load of a cluster that others use, which takes one of our own';
  if (strikes !== undefined) return undefined;
  if (needs === 'membership') return 'it changes who belongs to the cluster, which takes one of our own';
  if (needs === 'disks') return "it fills a member's disk, which takes members of our own";
  if (!linksOnly) return 'it strikes members, which takes processes of our own';
  if (peerProxies !== undefined) return undefined;
  return 'it strikes the links between members, which takes proxies there: name them with --peer-proxies FILE';
}

/** What is asked of the cluster itself, and not of a service on it. @throws UsageError for a scenario that cannot be run there */
export function fitForExternal(scenario: Scenario, place: readonly string[]): Scenario {
  const refused = (why: string) =>
    new UsageError(`${scenario.name} cannot be run with --runtime external: ${why}; take local or docker`);
  if (scenario.watching !== undefined || scenario.watchers !== undefined)
    throw refused('what watches tell is held against the log of all keys, and others have theirs there');
  if (scenario.tuning !== undefined)
    throw refused(
      `its members are set up in a way of their own (${Object.keys(scenario.tuning).join(', ')})`,
    );
  if (scenario.etcdVersion !== undefined) throw refused(`it is about etcd ${scenario.etcdVersion}`);
  return { ...scenario, members: place.length as Scenario['members'] };
}
