import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { EtcdAccess } from './access.ts';
import { Namespace } from './namespace.ts';
import { hasKeys } from './permitted.ts';

/**
 * An ExternalGateway asks one member's JSON gateway, over TLS and as a user where that is wanted, about the run's own keys
 * and what is permitted beside them.
 */
export class ExternalGateway {
  readonly #name: string;
  readonly #endpoint: string;
  readonly #access: EtcdAccess;
  readonly #namespace: Namespace;
  readonly #agent: Promise<Agent>;
  #token: { readonly atMs: number; readonly text: string } | undefined;

  constructor(member: { readonly name: string; readonly endpoint: string }, access: EtcdAccess) {
    this.#name = member.name;
    this.#endpoint = member.endpoint;
    this.#access = access;
    this.#namespace = new Namespace(access.prefix);
    this.#agent = agentFor(member.name, access);
    // Told to whoever asks first.
    this.#agent.catch(() => {});
  }

  /** Rejects when there is no answer in time, or another status than 200; the password is in no message. */
  async ask(
    path: string,
    body: unknown,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Record<string, unknown>> {
    const keys = hasKeys(path);
    const limit = AbortSignal.timeout(timeoutMs);
    const either = signal ? AbortSignal.any([limit, signal]) : limit;
    const asked = keys ? this.#namespace.request(body) : body;
    let answer = await this.#post(path, asked, either, await this.#authorization(either));
    if (answer.status === 401) {
      // Its token was forgotten, by a restart for one.
      this.#token = undefined;
      answer = await this.#post(path, asked, either, await this.#authorization(either));
    }
    if (answer.status !== 200)
      throw new Error(`${this.#name}'s ${path} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    const told = JSON.parse(answer.text);
    return (keys ? this.#namespace.answer(told) : told) as Record<string, unknown>;
  }

  async close(): Promise<void> {
    await (await this.#agent.catch(() => undefined))?.destroy();
  }

  async #authorization(signal: AbortSignal): Promise<Record<string, string>> {
    const { user } = this.#access;
    if (user === undefined) return {};
    if (this.#token === undefined || performance.now() - this.#token.atMs > 60_000) {
      const { status, text } = await this.#post('/v3/auth/authenticate', user, signal, {});
      if (status !== 200)
        throw new Error(`${this.#name} refused the user ${user.name}: ${text.slice(0, 200)}`);
      this.#token = { atMs: performance.now(), text: (JSON.parse(text) as { token: string }).token };
    }
    return { authorization: this.#token.text };
  }

  async #post(path: string, body: unknown, signal: AbortSignal, headers: Record<string, string>) {
    const { statusCode, body: answer } = await request(
      `${this.#access.tls ? 'https' : 'http'}://${this.#endpoint}${path}`,
      {
        dispatcher: await this.#agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal,
      },
    );
    return { status: statusCode, text: await answer.text() };
  }
}

async function agentFor(member: string, { tls }: EtcdAccess): Promise<Agent> {
  if (tls === undefined) return new Agent({ pipelining: 0 });
  const read = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path));
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.cert), read(tls.key)]);
  const servername = tls.serverNames[member];
  return new Agent({
    pipelining: 0,
    connect: {
      ca,
      cert,
      key,
      ...(servername !== undefined && !/^[\d.:[\]]+$/.test(servername) && { servername }),
    },
  });
}
