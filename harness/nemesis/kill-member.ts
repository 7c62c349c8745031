import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn, type Role } from './role.ts';

/** Kills a member (SIGKILL); healing starts it again with its data and waits until it answers. */
export function killMember(options: { role?: Role; restartTimeoutMs?: number } = {}): Nemesis {
  const { role = 'leader', restartTimeoutMs } = options;
  return {
    name: 'kill-member',
    summary: 'kills a member with SIGKILL and starts it again',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      const { member, title } = await memberIn(role, world);
      await member.kill();
      return {
        sentence: `${title}, was killed`,
        targets: [member.name],
        heal: healOnce(async () => {
          if (member.state.state === 'down') await member.restart({ timeoutMs: restartTimeoutMs });
        }),
      };
    },
  };
}
