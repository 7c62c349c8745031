import { type Agent, request } from 'undici';
import type { MemberStatus } from './cluster.ts';
import type { Asking } from './gateway.ts';

export interface Asked {
  readonly agent: Agent;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a member says of itself over its JSON gateway. Never throws: a member that does not answer says so. */
export async function memberStatus(
  member: Asking,
  nameOfId: ReadonlyMap<string, string>,
  asked: Asked,
): Promise<MemberStatus> {
  try {
    const status = await ask(member, asked);
    const leaderId = status.leader ?? '0';
    return {
      member: member.name,
      reachable: true,
      leader: leaderId === '0' ? null : (nameOfId.get(leaderId) ?? leaderId),
      term: Number(status.raftTerm ?? 0),
      revision: Number(status.header?.revision ?? 0),
      raftIndex: Number(status.raftIndex ?? 0),
      version: status.version ?? 'unknown',
      ...(status.header?.member_id !== undefined && { id: status.header.member_id }),
    };
  } catch (error) {
    return { member: member.name, reachable: false, reason: reasonOf(error, asked.timeoutMs) };
  }
}

/** A member's own id, as a string: it exceeds 2^53. */
export async function memberId(member: Asking, asked: Asked): Promise<string> {
  const status = await ask(member, asked);
  const id = status.header?.member_id;
  if (id === undefined)
    throw new Error(`${member.name} told no member_id in its status: ${JSON.stringify(status)}`);
  return id;
}

/**
 * Asks a member for a read that needs a quorum. `ok: false` says why it did not answer in time; what it answers
 * is of no interest.
 */
export async function linearizableRead(
  member: Asking,
  asked: Asked,
): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
  try {
    await askGateway(
      member,
      '/v3/kv/range',
      { key: Buffer.from('faultline').toString('base64'), limit: '1' },
      asked,
    );
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: reasonOf(error, asked.timeoutMs) };
  }
}

/** protobuf's JSON: 64-bit numbers are strings, zeroes and empty fields are left out. */
interface StatusJson {
  readonly header?: { readonly member_id?: string; readonly revision?: string };
  readonly version?: string;
  readonly leader?: string;
  readonly raftIndex?: string;
  readonly raftTerm?: string;
}

async function ask(member: Asking, asked: Asked): Promise<StatusJson> {
  return (await askGateway(member, '/v3/maintenance/status', {}, asked)) as StatusJson;
}

/** What the member's JSON gateway answers. Throws when it does not in time, or with another status than 200. */
export async function askGateway(
  member: Asking,
  path: string,
  body: unknown,
  asked: Asked,
): Promise<unknown> {
  if (member.gateway) return await member.gateway.ask(path, body, asked);
  const deadline = AbortSignal.timeout(asked.timeoutMs);
  const response = await request(`http://${member.clientAddress}${path}`, {
    dispatcher: asked.agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: asked.signal ? AbortSignal.any([deadline, asked.signal]) : deadline,
  });
  const text = await response.body.text();
  if (response.statusCode !== 200)
    throw new Error(`${path} answered ${response.statusCode}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  return error.message || error.name;
}
