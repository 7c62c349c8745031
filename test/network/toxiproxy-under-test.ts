import { request } from 'undici';
import { startToxiproxyServer } from '../../harness/network/toxiproxy/server.ts';

/** The Toxiproxy that the contract is held against: the embedded one, or the one at FAULTLINE_TOXIPROXY_URL. */
export interface UnderTest extends AsyncDisposable {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Makes a proxy and answers where it listens. */
  proxy(name: string, upstream: string): Promise<string>;
  /** Puts a toxic on it; throws unless it was taken. */
  toxic(proxy: string, type: string, attributes: Record<string, number>, more?: object): Promise<string>;
  remove(proxy: string, toxic: string): Promise<void>;
  /** Deletes every proxy. */
  clear(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly json: any;
}

export async function toxiproxyUnderTest(seed = 1, resetOpen = true): Promise<UnderTest> {
  const given = process.env.FAULTLINE_TOXIPROXY_URL;
  if (given) return client(given);
  const server = await startToxiproxyServer({ port: 0, seed, resetOpen });
  return client(server.url, () => server.close());
}

export function client(url: string, close: () => Promise<void> = async () => {}): UnderTest {
  const call: UnderTest['call'] = async (method, path, body, headers = {}) => {
    const answer = await request(`${url}${path}`, {
      method: method as 'GET',
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      headers,
      bodyTimeout: 10_000,
      headersTimeout: 10_000,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      type: String(answer.headers['content-type'] ?? ''),
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  };
  const expectStatus = async (wanted: number, pending: Promise<Reply>): Promise<Reply> => {
    const reply = await pending;
    if (reply.status !== wanted)
      throw new Error(`expected status ${wanted}, got ${reply.status}: ${reply.text}`);
    return reply;
  };
  return {
    call,
    async proxy(name, upstream) {
      const body = { name, upstream, listen: '127.0.0.1:0' };
      return (await expectStatus(201, call('POST', '/proxies', body))).json.listen;
    },
    async toxic(proxy, type, attributes, more = {}) {
      const body = { type, attributes, ...more };
      return (await expectStatus(200, call('POST', `/proxies/${proxy}/toxics`, body))).json.name;
    },
    async remove(proxy, toxic) {
      await expectStatus(204, call('DELETE', `/proxies/${proxy}/toxics/${toxic}`));
    },
    async clear() {
      for (const name of Object.keys((await call('GET', '/proxies')).json)) {
        await expectStatus(204, call('DELETE', `/proxies/${encodeURIComponent(name)}`));
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
