import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn, type Role } from './role.ts';

/** Stops a member (SIGSTOP) as a long garbage collection or a frozen machine would; healing lets it go on. */
export function pauseMember({ role = 'leader' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'pause-member',
    summary: 'stops a member with SIGSTOP and lets it go on',
    options: { role },
    async inject(world) {
      const { member, title } = await memberIn(role, world);
      await member.pause();
      return {
        sentence: `${title}, was paused`,
        targets: [member.name],
        heal: healOnce(async () => {
          if (member.state.state === 'paused') await member.resume();
        }),
      };
    },
  };
}
