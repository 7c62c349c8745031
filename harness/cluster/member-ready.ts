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

/** etcd's /health answers 200 once a read that needs a quorum has succeeded. */
export async function answersHealth(clientAddress: string, agent: Agent): Promise<boolean> {
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
