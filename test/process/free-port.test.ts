import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { freePort, isFree } from '../../harness/process/free-port.ts';

afterEach(() => vi.restoreAllMocks());

/** What Math.random says to make it try this port. */
const drawn = (port: number) => (port - 10_000 + 0.5) / 20_000;

test('a port is given once', async () => {
  vi.spyOn(Math, 'random').mockReturnValueOnce(drawn(23_456)).mockReturnValueOnce(drawn(23_456));
  const first = await freePort();
  expect(await freePort()).not.toBe(first);
  expect(await isFree(first)).toBe(true);
});

test('a port that fetch refuses is not given', async () => {
  await expect(fetch('http://127.0.0.1:10080/')).rejects.toMatchObject({ cause: { message: 'bad port' } });
  vi.spyOn(Math, 'random').mockReturnValueOnce(drawn(10_080));
  expect(await freePort()).not.toBe(10_080);
});

test('a port that something listens on is not given', async () => {
  const server = createServer();
  const taken = await freePort();
  await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
  expect(await isFree(taken)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
