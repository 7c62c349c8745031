import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '../cluster/cluster.ts';
import { askMember, base64 } from '../cluster/gateway.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis, World } from './nemesis.ts';
import { memberIn, type Role } from './role.ts';

/** Of its own, and deleted at once: what is compacted at is the delete. */
const key = base64('faultline-compaction');

const triesMs = 5_000;
const againMs = 50;

/**
 * Kills a member (SIGKILL) that has just begun to compact its history: the compaction is written down as begun and not as
 * done, and is taken up when the member is started again, which healing does.
 */
export function killDuringCompaction({ role = 'any' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'kill-during-compaction',
    summary: 'kills a member with SIGKILL while it compacts its history, and starts it again',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      const { member, title } = await memberIn(role, world);
      const revision = await beginCompaction(member, world);
      await member.kill();
      return {
        sentence: `${title}, was killed when it had begun to compact its history up to revision ${revision}`,
        targets: [member.name],
        heal: healOnce(async () => {
          if (member.state.state === 'down') await member.restart();
        }),
      };
    },
  };
}

/**
 * The revision up to which it compacts now. Tried again where another compaction was quicker, or an election came in
 * between. @throws Error that says what the member answered last
 */
async function beginCompaction(member: Member, world: World): Promise<string> {
  const untilMs = performance.now() + triesMs;
  for (;;) {
    try {
      await askMember(member, '/v3/kv/put', { key }, world);
      const deleted = await askMember(member, '/v3/kv/deleterange', { key }, world);
      const { revision } = deleted.header as { revision: string };
      // Not `physical`: that would be answered when all is done. This is, once the member has begun.
      await askMember(member, '/v3/kv/compaction', { revision }, world);
      return revision;
    } catch (error) {
      world.signal.throwIfAborted();
      if (performance.now() < untilMs) {
        await sleep(againMs);
        continue;
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${member.name} should begin a compaction within ${triesMs} ms, and did not: ${why}`, {
        cause: error,
      });
    }
  }
}
