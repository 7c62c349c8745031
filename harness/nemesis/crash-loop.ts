import { again } from './again.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberIn, type Role } from './role.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Kills a member (SIGKILL), starts it again, and kills it again `upMs` after it has answered, until it is healed. */
export function crashLoop({ role = 'follower', upMs = 300 }: { role?: Role; upMs?: number } = {}): Nemesis {
  wholeNumbers({ upMs }, 0);
  return {
    name: 'crash-loop',
    summary: 'kills a member each time that it has come back',
    options: { role, upMs },
    healsByStarting: true,
    async inject(world) {
      const { member, title } = await memberIn(role, world);
      await member.kill();
      const restart = async () => {
        if (member.state.state === 'down') await member.restart();
      };
      // Odd rounds kill: between a start that has ended and the next kill lies one wait.
      const crashes = again((round) => (round % 2 === 0 ? restart() : member.kill()), upMs);
      return {
        sentence: `${title}, was killed each time that it had come back`,
        targets: [member.name],
        heal: healOnce(() => crashes.stop().finally(restart)),
      };
    },
  };
}
