import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, request } from 'undici';

/** A MemberNotReady says which member did not answer in time, or ended, with the last lines that it wrote. */
export class MemberNotReady extends Error {
  override readonly name = 'MemberNotReady';
  constructor(
    readonly member: string,
    readonly what: string,
    readonly lastOutput: string,
  ) {
    super(`${member} ${what}; its last output was:\n${lastOutput}`);
  }
}

/** Resolves when the member answers a read that needs a quorum; throws MemberNotReady when it ends first, or too late. */
export async function waitUntilReady(options: {
  readonly member: { readonly name: string; readonly clientAddress: string };
  readonly agent: Agent;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** How it ended, once it has. */
  ended(): string | undefined;
  lastOutput(): Promise<string>;
}): Promise<void> {
  const { member, timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await answersHealth(member.clientAddress, options.agent)) return;
    const ended = options.ended();
    if (ended !== undefined)
      throw new MemberNotReady(member.name, `${ended} before it was ready`, await options.lastOutput());
    if (performance.now() >= deadline) {
      const late = `did not become ready in ${timeoutMs} ms`;
      throw new MemberNotReady(member.name, late, await options.lastOutput());
    }
    await sleep(15, undefined, { signal });
  }
}

/** etcd's /health answers 200 once a read that needs a quorum has succeeded. */
async function answersHealth(clientAddress: string, agent: Agent): Promise<boolean> {
  try {
    const response = await request(`http://${clientAddress}/health`, {
      dispatcher: agent,
      signal: AbortSignal.timeout(1_000),
    });
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}
