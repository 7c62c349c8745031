import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Readiness, serve } from '../../../strategies/service/server.ts';
import { type OpenStrategy, Refused } from '../../../strategies/strategy.ts';

/** Answers by the key; a read of `waits` ends when its client has gone. */
let gone: Promise<void>;
let tellGone: () => void;
const signals: AbortSignal[] = [];
const strategy: OpenStrategy = {
  async read({ key, signal }) {
    signals.push(signal);
    if (key === 'refused') throw new Refused(503, 'fail', 'not now');
    if (key === 'broken') throw new Error('a mistake');
    if (key === 'waits') {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      tellGone();
    }
    return { value: key === 'none' ? null : key, source: 'cache', cache: 'hit' };
  },
  write: async () => ({ written: true, source: 'etcd' }),
  metrics: () => ({}),
  health: () => ({ ok: true }),
  close: async () => {},
};

let server: FastifyInstance;
let url: string;
beforeAll(async () => {
  const readiness = new Readiness();
  readiness.opened(strategy);
  server = await serve({ port: 0, strategy: 'fake', readiness });
  url = server.listeningOrigin;
});
afterAll(() => server?.close());

test('every answer is counted once, by method and status', async () => {
  for (const path of [
    '/kv/a',
    '/kv/a',
    '/kv/none',
    '/kv/refused',
    '/kv/broken',
    '/kv/a?consistency=odd',
    '/odd',
  ])
    await (await request(url + path)).body.dump();
  const headers = { 'content-type': 'application/json' };
  for (const body of ['{"value":1}', '{"value":null}'])
    await (await request(`${url}/kv/a`, { method: 'PUT', headers, body })).body.dump();
  const counted = await counts('faultline_requests_total');
  expect(counted).toEqual({
    'GET 200': 2,
    'GET 404': 2,
    'GET 503': 1,
    'GET 500': 1,
    'GET 400': 1,
    'PUT 200': 1,
    'PUT 400': 1,
  });
  // Counted again from where it stood, and the page that told it is an answer too.
  await (await request(`${url}/kv/none`)).body.dump();
  expect(await counts('faultline_requests_total')).toEqual({ ...counted, 'GET 404': 3, 'GET 200': 3 });
});

test('a read is told when its client has gone, and only then', async () => {
  await (await request(`${url}/kv/a`)).body.dump();
  gone = new Promise((resolve) => {
    tellGone = resolve;
  });
  const leaving = new AbortController();
  const before = signals.length;
  const asked = request(`${url}/kv/waits`, { signal: leaving.signal }).catch(() => {});
  while (signals.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  leaving.abort();
  await asked;
  await gone;
  expect(signals.at(-1)!.aborted).toBe(true);
  expect(signals.slice(0, -1).some(({ aborted }) => aborted)).toBe(false);
});

async function counts(name: string): Promise<Record<string, number>> {
  const text = await (await request(`${url}/metrics`)).body.text();
  const found = [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'))];
  return Object.fromEntries(
    found.map(([, labels, count]) => {
      const label = (of: string) => new RegExp(`${of}="([^"]*)"`).exec(labels!)![1];
      return [`${label('method')} ${label('status')}`, Number(count)];
    }),
  );
}
