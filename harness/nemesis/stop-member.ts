import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn, type Role } from './role.ts';

/** Shuts a member down in order (SIGTERM), so that a leader hands over first; healing starts it again with its data. */
export function stopMember({ role = 'leader' }: { role?: Role } = {}): Nemesis {
  return {
    name: 'stop-member',
    summary: 'shuts a member down in order and starts it again',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      const { member, title } = await memberIn(role, world);
      await member.shutDown();
      return {
        sentence: `${title}, was shut down`,
        targets: [member.name],
        heal: healOnce(async () => {
          if (member.state.state === 'down') await member.restart();
        }),
      };
    },
  };
}
