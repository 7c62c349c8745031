import { expect, test } from 'vitest';
import { findOriginal, ToxiproxyUnfit } from '../../harness/network/toxiproxy/original.ts';
import { listen } from './tcp.ts';
import { embedded } from './toxiproxy-under-test.ts';

test.each([
  ['/nowhere/toxiproxy-server', /got \/nowhere\/toxiproxy-server: there is no such file/],
  ['/bin/echo', /should be a toxiproxy-server, but \/bin\/echo -version printed "-version\\n"/],
  ['http://192.0.2.1:8474', /should be on this machine .* got http:\/\/192\.0\.2\.1:8474/],
])('--toxiproxy %s is refused before anything starts', async (named, message) => {
  const refused = await findOriginal(named).catch((error) => error);
  expect(refused).toBeInstanceOf(ToxiproxyUnfit);
  expect(refused.message).toMatch(message);
});

test('a URL that nothing answers at is refused', async () => {
  const gone = await listen();
  await gone[Symbol.asyncDispose]();
  await expect(findOriginal(`http://${gone.address}`)).rejects.toThrow(/does not answer as a Toxiproxy/);
});

test('a server is tried with a byte through a proxy of its own, which is gone afterwards', async () => {
  await using server = await embedded();
  expect(await findOriginal(server.url)).toEqual({
    kind: 'server',
    url: server.url,
    version: '2.12.0+faultline',
  });
  expect((await server.call('GET', '/proxies')).json).toEqual({});
});
