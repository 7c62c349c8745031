import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MadeProxies } from '../../harness/network/made-proxies.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { embedded, type UnderTest } from './toxiproxy-under-test.ts';

// A Toxiproxy of somebody else, with the proxies between their members.
const adopted = [
  { from: 'm1', to: 'm2', proxy: 'theirs-ab' },
  { from: 'm2', to: 'm1', proxy: 'theirs-ba' },
];

let server: UnderTest;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adopted-'));
  server = await embedded();
  for (const name of ['theirs-ab', 'theirs-ba', 'another']) await server.proxy(name, '127.0.0.1:9');
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const adopt = () =>
  createNetwork({ toxiproxyUrl: server.url, adopted, made: new MadeProxies(folder), timeoutMs: 5_000 });

/** Of each proxy its toxics by name, or that it is disabled. */
async function state(): Promise<Record<string, unknown>> {
  const proxies = (await server.call('GET', '/proxies')).json as Record<
    string,
    { enabled: boolean; toxics: { name: string }[] }
  >;
  return Object.fromEntries(
    Object.entries(proxies).map(([name, { enabled, toxics }]) => [
      name,
      enabled ? toxics.map((toxic) => toxic.name) : 'disabled',
    ]),
  );
}

const asFound = { 'theirs-ab': [], 'theirs-ba': [], another: [] };

test('their proxies are links under the names of members, cut, slowed and healed as any other', async () => {
  const network = await adopt();
  const links = [network.link('m1', 'm2'), network.link('m2', 'm1')];
  expect(links.map(({ proxy }) => proxy)).toEqual(['theirs-ab', 'theirs-ba']);
  expect([...(await network.traffic()).keys()]).toEqual(['theirs-ab', 'theirs-ba']);
  const slow = await network.slow(links, { latencyMs: 5, jitterMs: 0 });
  const refused = await network.cut([links[0]!], 'reject');
  const oneWay = await network.cutMessages('m1', 'm2', 'hold');
  expect(await state()).toMatchObject({ 'theirs-ab': 'disabled', another: [] });
  for (const cut of [slow, refused, oneWay]) await cut.heal();
  expect(await state()).toEqual(asFound);
  await network[Symbol.asyncDispose]();
  expect(await state()).toEqual(asFound);
});

test.each([
  ['the end', (network: AsyncDisposable & { reset(): Promise<void> }) => network[Symbol.asyncDispose]()],
  ['a reset', (network: AsyncDisposable & { reset(): Promise<void> }) => network.reset()],
  ['the sweep of what a killed run left', () => new MadeProxies(folder).remove()],
])('%s gives back what is in force, and leaves the toxics of others', async (what, end) => {
  const network = await adopt();
  await network.add({ from: 's1', to: 'm1', upstream: '127.0.0.1:9' });
  await network.cut([network.link('m1', 'm2'), network.link('m2', 'm1')], 'blackhole');
  await network.cut([network.link('m2', 'm1')], 'reject');
  await server.toxic('theirs-ab', 'latency', { latency: 1 }, { name: 'cut1-upstream' });
  await end(network);
  const { 's1->m1': own, ...left } = await state();
  expect(left).toEqual({ ...asFound, 'theirs-ab': ['cut1-upstream'] });
  expect(own).toEqual(what === 'a reset' ? [] : undefined);
});

test('the sweep tells what it gave back, and has nothing to do after a run that ended', async () => {
  const ended = await adopt();
  await (await ended.cut(ended.links, 'blackhole')).heal();
  await ended[Symbol.asyncDispose]();
  expect(await new MadeProxies(folder).remove()).toEqual([]);
  const killed = await adopt();
  await killed.cut([killed.link('m1', 'm2')], 'blackhole');
  expect(await new MadeProxies(folder).remove()).toEqual(['toxics of theirs-ab']);
  expect(await state()).toEqual(asFound);
});

test('a proxy that is not there, is disabled or has toxics is refused by name', async () => {
  await server.call('DELETE', '/proxies/theirs-ba');
  await expect(adopt()).rejects.toThrow(
    `m2->m1 should name a proxy of ${server.url} (another, theirs-ab), got theirs-ba`,
  );
  await server.proxy('theirs-ba', '127.0.0.1:9');
  await server.toxic('theirs-ba', 'latency', { latency: 1 }, { name: 'tuned' });
  await expect(adopt()).rejects.toThrow('a proxy without toxics, got theirs-ba with tuned');
  await server.remove('theirs-ba', 'tuned');
  await server.call('POST', '/proxies/theirs-ba', { enabled: false });
  await expect(adopt()).rejects.toThrow('a proxy that is enabled, got theirs-ba, which is not');
});
