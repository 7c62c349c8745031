import type { Member } from '../cluster/cluster.ts';
import { askMember, base64 } from '../cluster/gateway.ts';
import type { World } from './nemesis.ts';

/** Within this a member that is neither cut off nor held up answers a read. */
const answersWithinMs = 1_000;

/**
 * Does it through a member that is up and answers reads; which of them, the seed says. Where another fault of the schedule
 * keeps it from being done there (the member is cut off meanwhile, or killed), it is done through the next, and through those
 * that did not answer last. Throws what the last one threw.
 */
export async function throughAny<T>(
  {
    cluster,
    random,
    signal,
  }: Pick<World, 'random' | 'signal'> & {
    readonly cluster: Pick<World['cluster'], 'members'>;
  },
  work: (member: Member) => Promise<T>,
): Promise<T> {
  const up = random.shuffle(cluster.members.filter(({ state }) => state.state === 'up'));
  const answered = await Promise.all(up.map((member) => answersRead(member, signal)));
  const inOrder = [...up.filter((_, i) => answered[i]), ...up.filter((_, i) => !answered[i])];
  let failure: unknown = new RangeError('expected a member that is up, got none');
  for (const member of inOrder) {
    signal.throwIfAborted();
    try {
      return await work(member);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A read that needs a quorum. */
function answersRead(member: Member, signal: AbortSignal): Promise<boolean> {
  const nothing = { key: base64('\0'), count_only: true };
  return askMember(member, '/v3/kv/range', nothing, { timeoutMs: answersWithinMs, signal }).then(
    () => true,
    () => false,
  );
}
