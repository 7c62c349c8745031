import { request } from 'undici';

/** A Gateway asks a member in a way of its own: over TLS, as a user, about some keys alone. */
export interface Gateway {
  ask(
    path: string,
    body: unknown,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Record<string, unknown>>;
}

export interface Asking {
  readonly name: string;
  readonly clientAddress: string;
  readonly gateway?: Gateway;
}

/**
 * Asks a member one of its JSON gateway's methods ('/v3/kv/range'). Bytes are base64 and 64-bit numbers strings, as
 * protobuf's JSON has them. Throws when there is no answer in time, or another status than 200.
 */
export async function askMember(
  member: Asking,
  path: string,
  body: object,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Record<string, unknown>> {
  const { timeoutMs = 5_000, signal } = options;
  if (member.gateway) return await member.gateway.ask(path, body, { timeoutMs, ...(signal && { signal }) });
  const limit = AbortSignal.timeout(timeoutMs);
  const response = await request(`http://${member.clientAddress}${path}`, {
    method: 'POST',
    // A connection of its own: one that was kept would be broken by the member's next kill.
    reset: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ? AbortSignal.any([limit, signal]) : limit,
  });
  const text = await response.body.text();
  if (response.statusCode !== 200)
    throw new Error(`${member.name}'s ${path} answered ${response.statusCode}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** The member's own id: a decimal string, since it exceeds 2^53. */
export async function idOf(member: Asking): Promise<string> {
  const { header } = await askMember(member, '/v3/maintenance/status', {});
  return (header as { member_id: string }).member_id;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
