import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  attachExternal,
  type ExternalPlace,
  examineExternal,
} from '../../harness/cluster/external/external-cluster.ts';
import { cutLinks } from '../../harness/nemesis/cut-links.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import type { Cell } from '../../harness/result.ts';
import { runCell } from '../../harness/run-cell.ts';
import { at, profiles } from '../../harness/scenario.ts';
import { baseline } from '../../scenarios/baseline.ts';
import { strategies, variants } from '../../strategies/list.ts';
import { faultline } from '../cli/command.ts';
import { b64, type Etcds, enableAuth, makeCertificates, serverName, startEtcds } from './etcds.ts';

let supervisor: Supervisor;
beforeAll(async () => {
  supervisor = await createSupervisor();
});
afterAll(() => supervisor[Symbol.asyncDispose]());

vi.setConfig({ testTimeout: 120_000 });

/** A cell in which every instance loses every member for a while. */
async function cellOn(
  external: ExternalPlace,
  strategyName: string,
): Promise<{ cell: Cell; folder: string }> {
  const folder = await supervisor.temporaryFolder('cell');
  await mkdir(folder, { recursive: true });
  const cell = await runCell({
    scenario: {
      ...baseline,
      name: 'client-partition',
      question: 'what is answered while no member can be reached?',
      members: 3,
      ratePerSecond: 100,
      schedule: { exactly: [at(1_000, cutLinks({ place: 'instances-to-members' })).for(1_200)] },
    },
    strategy: [...strategies, ...variants].find(({ name }) => name === strategyName)!,
    profile: { ...profiles.quick, warmUpMs: 500, loadMs: 5_000, recoverMs: 1_000 },
    seed: 5,
    etcd: { path: external.endpoints.join(), version: '3.4.0' },
    external,
    folder,
    relativeFolder: 'cell',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return { cell, folder };
}

/** Every key of the cluster. */
async function keysOf({ ask }: Etcds, token?: string): Promise<string[]> {
  const { kvs = [] } = (await ask('/v3/kv/range', { key: b64('\0'), range_end: b64('\0') }, token)) as {
    kvs?: { key: string; value: string; mod_revision: string }[];
  };
  return kvs.map(({ key, value, mod_revision }) => `${text(key)}=${text(value)} at ${mod_revision}`);
}

const text = (bytes: string) => Buffer.from(bytes, 'base64').toString();

/** What is somebody else's: before, behind and between what is ours. */
async function fill({ ask }: Etcds, token?: string): Promise<void> {
  for (const key of ['a', 'faultline', '/faultline', '/faultline.', '/faultline0', 'kv/k0', 'zz'])
    await ask('/v3/kv/put', { key: b64(key), value: b64('theirs') }, token);
}

function carriedOut(cell: Cell): void {
  expect(cell.reason ?? '').not.toContain('refused');
  expect(cell.verdict, cell.reason).not.toBe('error');
  expect(cell.promises.filter(({ state }) => state === 'broken')).toEqual([]);
  expect(cell.faults.map(({ nemesis }) => nemesis)).toEqual(['cut-links']);
  // The cluster itself went on.
  expect(cell.load.outcomes.ok).toBeGreaterThan(100);
  expect(cell.load.outcomes.fail + cell.load.outcomes.info).toBeGreaterThan(5);
  expect(cell.promises.map(({ promise }) => promise.guarantee)).not.toContain('members-agree');
}

describe('a plain cluster', () => {
  let etcds: Etcds;
  let place: ExternalPlace;
  beforeAll(async () => {
    etcds = await startEtcds(supervisor);
    place = { endpoints: etcds.endpoints, root: '/faultline/' };
    await fill(etcds);
  });

  test('a cell cuts its clients off, and leaves every key that is not its own as it was', async () => {
    const before = await keysOf(etcds);
    const { cell } = await cellOn(place, 'lease-session');
    carriedOut(cell);
    expect(await keysOf(etcds)).toEqual(before);
  });

  test('what a killed run left is removed by the next, and nothing of one that lives', async () => {
    const before = await keysOf(etcds);
    const [boot] = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim().split(' ');
    const gone = '00000000000000aa';
    const put = (key: string, value: string) => etcds.ask('/v3/kv/put', { key: b64(key), value: b64(value) });
    await put(`/faultline/owners/${gone}`, `${boot} 4194300 1`);
    await put(`/faultline/runs/${gone}/kv/k1`, 'left');
    const { cluster } = await attachExternal(place);
    const { removed } = await examineExternal(place);
    expect(removed).toEqual([gone]);
    expect((await keysOf(etcds)).filter((key) => key.startsWith('/faultline/owners/'))).toHaveLength(1);
    await cluster[Symbol.asyncDispose]();
    expect(await keysOf(etcds)).toEqual(before);
  });

  test('the command refuses faults by name, endpoints of no cluster, and starts nothing', async () => {
    const external = ['--runtime', 'external', '--endpoints'];
    const refused = await faultline(['run', 'leader-partition', ...external, place.endpoints.join(',')]);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain(
      'leader-partition has the fault isolate-leader, which --runtime external cannot inject',
    );
    const twice = [
      place.endpoints[0],
      place.endpoints[1],
      place.endpoints[1]?.replace('127.0.0.1', 'localhost'),
    ];
    const same = await faultline(['run', 'steady', ...external, twice.join(',')]);
    expect(same.stderr).toContain('--endpoints should name each member once');
    expect(same.code).toBe(64);
    const silent = await faultline(['run', 'steady', ...external, '127.0.0.1:1']);
    expect(silent.stderr).toContain('127.0.0.1:1 should answer as an etcd of 3.4 or later, but');
    expect(silent.code).toBe(64);
  });
});

describe('a cluster with TLS, certificates of clients and users', () => {
  const user = { name: 'tester', password: 'tester-secret-9' };
  let etcds: Etcds;
  let place: ExternalPlace;
  let admin: string;
  let passwordFile: string;
  beforeAll(async () => {
    const folder = await supervisor.temporaryFolder('certificates');
    const certificates = await makeCertificates(folder);
    etcds = await startEtcds(supervisor, { tls: certificates });
    const serverNames = { m1: serverName, m2: serverName, m3: serverName };
    place = {
      endpoints: etcds.endpoints,
      root: '/faultline/',
      tls: { ca: certificates.ca, ...certificates.client, serverNames },
      user,
    };
    await fill(etcds);
    admin = await enableAuth(etcds, user, '/faultline/');
    passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${user.password}\n`);
  });

  test.each(['lease-session', 'lease-session-naive'])(
    'a user who may touch nothing outside of the prefix is enough for %s, and its password is nowhere',
    async (strategy) => {
      const before = await keysOf(etcds, admin);
      const { cell, folder } = await cellOn(place, strategy);
      expect(cell.verdict, cell.reason).not.toBe('error');
      expect(cell.load.outcomes.ok).toBeGreaterThan(100);
      if (strategy === 'lease-session') carriedOut(cell);
      expect(await keysOf(etcds, admin)).toEqual(before);
      for (const file of ['history.jsonl', 'logs/s1.log', 'logs/driver.log'])
        expect(await readFile(join(folder, file), 'utf8')).not.toContain(user.password);
      expect(JSON.stringify(cell)).not.toContain(user.password);
    },
  );

  test('a certificate of another name, none, and a wrong password, are refused before anything starts', async () => {
    const { tls } = place;
    const here = { m1: '127.0.0.1', m2: '127.0.0.1', m3: '127.0.0.1' };
    await expect(examineExternal({ ...place, tls: { ...tls, serverNames: here } })).rejects.toThrow(
      /should answer as an etcd .* (altnames|IP: 127.0.0.1)/s,
    );
    const nobody = { ca: tls!.ca, serverNames: tls!.serverNames };
    await expect(examineExternal({ ...place, tls: nobody })).rejects.toThrow(
      /should answer as an etcd .*; if it wants a certificate of its clients, name it with --cert and --key/,
    );
    await expect(examineExternal({ ...place, user: { ...user, password: 'wrong' } })).rejects.toThrow(
      'refused the user tester',
    );
    await expect(examineExternal({ ...place, root: '/elsewhere/' })).rejects.toThrow(
      'should be allowed to read, write and delete under /elsewhere/',
    );
    const { stderr, code } = await faultline([
      ...['run', 'steady', '--runtime', 'external', '--endpoints', place.endpoints.join(',')],
      ...[
        '--cacert',
        tls!.ca!,
        '--cert',
        tls!.cert!,
        '--key',
        tls!.key!,
        '--user',
        user.name,
        '--password-file',
        passwordFile,
      ],
    ]);
    expect(stderr).toContain("does not match certificate's altnames");
    expect(stderr).not.toContain(user.password);
    expect(code).toBe(64);
  });
});
