import { describe, expect, test } from 'vitest';
import { externalAsked, externalRefusal, fitForExternal } from '../../harness/cli/external-option.ts';
import { cutLinks } from '../../harness/nemesis/cut-links.ts';
import { nemeses } from '../../harness/nemesis/list.ts';
import { steady } from '../../scenarios/steady.ts';

const runtime = 'external';
const endpoints = 'a:1,b:2,c:3';

describe('what cannot be is refused with what was expected', () => {
  const table: [what: string, options: object, message: string][] = [
    ['no endpoints', { runtime }, 'needs --endpoints'],
    [
      'endpoints of another runtime',
      { endpoints },
      '--endpoints should be left out with --runtime local, got a:1,b:2,c:3',
    ],
    ['a scheme', { runtime, endpoints: 'http://a:1' }, "without a scheme, got 'http://a:1'"],
    ['a port that is none', { runtime, endpoints: 'a:70000' }, "got 'a:70000'"],
    ['one twice', { runtime, endpoints: 'a:1,b:2,a:1' }, 'should name each member once, got a:1 twice'],
    [
      'an even number',
      { runtime, endpoints: 'a:1,b:2' },
      '--endpoints should name all members, 1, 3, 5, 7 of them, got 2',
    ],
    [
      'half a pair',
      { runtime, endpoints, cert: 'x' },
      '--cert and --key should be given together, got --cert alone',
    ],
    [
      'a file that is not there',
      { runtime, endpoints, cacert: '/nowhere/ca' },
      '--cacert should be a file that can be read, got /nowhere/ca (ENOENT)',
    ],
    [
      'a name without TLS',
      { runtime, endpoints, serverName: 'x' },
      '--server-name should be given with --cacert or --cert',
    ],
    [
      'a user without a password',
      { runtime, endpoints, user: 'u' },
      '--user u needs a password, in FAULTLINE_ETCD_PASSWORD',
    ],
    [
      'a password without a user',
      { runtime, endpoints, passwordFile: 'x' },
      '--password-file should be given with --user',
    ],
    [
      'an etcd of our own',
      { runtime, endpoints, etcd: '/bin/etcd' },
      '--etcd should be left out with --runtime external',
    ],
    [
      'times of its members',
      { runtime, endpoints, electionMs: '900' },
      '--election-ms should be left out with --runtime external',
    ],
  ];
  test.each(table)('%s', async (_, options, message) => {
    await expect(externalAsked(options, {})).rejects.toThrow(message);
  });
});

test('what is asked for is a place with members in the order of the endpoints', async () => {
  expect(await externalAsked({}, {})).toBeUndefined();
  expect(
    await externalAsked(
      { runtime, endpoints, user: 'u', cacert: import.meta.filename },
      { FAULTLINE_ETCD_PASSWORD: 'p' },
    ),
  ).toEqual({
    endpoints: ['a:1', 'b:2', 'c:3'],
    root: '/faultline/',
    user: { name: 'u', password: 'p' },
    tls: { ca: import.meta.filename, serverNames: { m1: 'a', m2: 'b', m3: 'c' } },
  });
});

test('only faults of what is our own, and a change of leader, are not refused', () => {
  const allowed = nemeses.filter((one) => externalRefusal(one) === undefined).map(({ name }) => name);
  expect(allowed.sort()).toEqual([
    'cut-links',
    'exhaust-connections',
    'kill-database',
    'kill-instance',
    'kill-instances',
    'lock-tables',
    'pause-instance',
    'restart-instance',
    'slow-close',
    'transfer-leader',
  ]);
  expect(externalRefusal(cutLinks({ place: 'leader' }))).toContain('name them with --peer-proxies FILE');
  expect(externalRefusal(cutLinks({ place: 'replication' }))).toBeUndefined();
});

test('with proxies between members faults of their links are allowed as well, and none of members', () => {
  const options = { peerProxies: 'peers.json' };
  const more = nemeses.filter(
    (one) => externalRefusal(one) !== undefined && externalRefusal(one, options) === undefined,
  );
  expect(more.map(({ name }) => name).sort()).toEqual([
    'bridge',
    'divide',
    'flapping-links',
    'isolate-all',
    'isolate-follower',
    'isolate-leader',
    'isolate-minority',
    'majorities-ring',
    'one-way',
    'reset-links',
    'sliced-links',
    'slow-links',
    'slow-peers',
    'thin-links',
    'worsening-links',
  ]);
  expect(externalRefusal(cutLinks({ place: 'leader' }), options)).toBeUndefined();
});

test('a scenario has as many members as there are, and none that asks for more than a service', () => {
  expect(fitForExternal(steady, ['a:1']).members).toBe(1);
  expect(() => fitForExternal({ ...steady, etcdVersion: '3.4.1' }, ['a:1'])).toThrow(
    'it is about etcd 3.4.1',
  );
  expect(() => fitForExternal({ ...steady, tuning: { preVote: true } }, ['a:1'])).toThrow('(preVote)');
  expect(() => fitForExternal({ ...steady, watchers: 'every-kind' }, ['a:1'])).toThrow('what watches tell');
});
