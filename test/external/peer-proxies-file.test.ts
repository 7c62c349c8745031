import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { externalAsked } from '../../harness/cli/external-option.ts';
import { parsePeerProxies } from '../../harness/cli/peer-proxies-option.ts';

const members = ['m1', 'm2', 'm3'];
const whole = {
  'm1->m2': 'a',
  'm1->m3': 'etcd_1.to:3',
  'm2->m1': 'm2->m1',
  'm2->m3': 'd',
  'm3->m1': 'e',
  'm3->m2': 'f',
};

function read(document: unknown) {
  return parsePeerProxies(
    typeof document === 'string' ? document : JSON.stringify(document),
    'p.json',
    members,
  );
}

test('every ordered pair is a link with the proxy that the file names', () => {
  expect(read(whole)).toEqual([
    { from: 'm1', to: 'm2', proxy: 'a' },
    { from: 'm1', to: 'm3', proxy: 'etcd_1.to:3' },
    { from: 'm2', to: 'm1', proxy: 'm2->m1' },
    { from: 'm2', to: 'm3', proxy: 'd' },
    { from: 'm3', to: 'm1', proxy: 'e' },
    { from: 'm3', to: 'm2', proxy: 'f' },
  ]);
});

const { 'm3->m2': _, ...lacking } = whole;
test.each<[what: string, document: unknown, message: string]>([
  ['no JSON', '{', 'p.json should be JSON, but is not'],
  ['a list', [], 'p.json: the document should be object, got []'],
  ['a pair that is missing', lacking, 'p.json: the document should have m3->m2, got {"m1->m2"'],
  [
    'a member that there is not',
    { ...whole, 'm4->m1': 'g' },
    'the document should not have m4->m1, got {"m1->m2":"a",',
  ],
  ['a member and itself', { ...whole, 'm1->m1': 'g' }, 'should not have m1->m1'],
  ['a name that is none', { ...whole, 'm2->m3': 4 }, 'p.json: m2->m3 should be string, got 4'],
  ['an empty name', { ...whole, 'm2->m3': '' }, 'p.json: m2->m3 should match pattern'],
  ['a path for a name', { ...whole, 'm2->m3': '../x' }, 'got "../x"'],
  [
    'one proxy for two pairs',
    { ...whole, 'm2->m3': 'a' },
    'p.json: m2->m3 should have a proxy of its own, got a, which m1->m2 has too',
  ],
  [
    'a pair that is there twice',
    JSON.stringify(whole).replace('{', '{"m2->m3" : "first",'),
    'p.json: m2->m3 should be there once, got it twice',
  ],
  [
    'twice in two spellings',
    JSON.stringify(whole).replace('{', '{"\\u006d2->m3":"first",'),
    'p.json: m2->m3 should be there once, got it twice',
  ],
])('%s is refused', (_, document, message) => {
  expect(() => read(document)).toThrow(message);
});

test('the option is for an external cluster with peers, and a Toxiproxy that runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'peer-proxies-'));
  try {
    const peerProxies = join(folder, 'p.json');
    await writeFile(peerProxies, JSON.stringify(whole));
    const endpoints = 'a:1,b:2,c:3';
    const external = { runtime: 'external', endpoints, peerProxies };
    const toxiproxy = 'http://127.0.0.1:8474';
    const place = await externalAsked({ ...external, toxiproxy }, {});
    expect(place?.peers).toEqual(read(whole));
    await expect(externalAsked({ peerProxies }, {})).rejects.toThrow(
      '--peer-proxies should be left out with --runtime local',
    );
    await expect(externalAsked(external, {})).rejects.toThrow(
      '--peer-proxies needs --toxiproxy URL, the server that has them, got none',
    );
    await expect(externalAsked({ ...external, toxiproxy: '/bin/toxiproxy' }, {})).rejects.toThrow(
      'got /bin/toxiproxy',
    );
    await expect(externalAsked({ ...external, toxiproxy, endpoints: 'a:1' }, {})).rejects.toThrow(
      'should be left out with one endpoint',
    );
    await expect(externalAsked({ ...external, toxiproxy, peerProxies: '/nowhere' }, {})).rejects.toThrow(
      '--peer-proxies should be a file that can be read, got /nowhere (ENOENT)',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
