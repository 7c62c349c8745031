import { join } from 'node:path';
import { request } from 'undici';
import { startOriginal } from '../../harness/network/toxiproxy/original.ts';
import { startToxiproxyServer } from '../../harness/network/toxiproxy/server.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';

/** A Toxiproxy that a contract is held against. */
export interface UnderTest extends AsyncDisposable {
  readonly url: string;
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

/** The project's own. */
export async function embedded(seed = 1): Promise<UnderTest> {
  const server = await startToxiproxyServer({ port: 0, seed });
  return client(server.url, () => server.close());
}

/** A program of the original, started for the test. */
export async function original(path: string, seed = 1): Promise<UnderTest> {
  const supervisor = await createSupervisor();
  try {
    const logPath = join(await supervisor.temporaryFolder('toxiproxy'), 'toxiproxy.log');
    const { url } = await startOriginal({ supervisor, path, logPath, seed });
    return client(url, async () => supervisor[Symbol.asyncDispose]());
  } catch (error) {
    await supervisor[Symbol.asyncDispose]();
    throw error;
  }
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
    url,
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
