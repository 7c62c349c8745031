import { again } from './again.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, needPeers, spoken } from './peers.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Shuts the members down in order and starts them again, one after another, as an upgrade does; each once. */
export function rollingRestart({ pauseMs = 200 }: { pauseMs?: number } = {}): Nemesis {
  wholeNumbers({ pauseMs }, 0);
  return {
    name: 'rolling-restart',
    summary: 'restarts all members, one after another',
    options: { pauseMs },
    healsByStarting: true,
    async inject({ cluster, random }) {
      const names = memberNames({ cluster });
      needPeers(names);
      const turn = random.shuffle(cluster.members);
      const restart = async (at: number) => {
        const member = turn[at];
        if (member?.state.state === 'up') await member.shutDown();
        if (member?.state.state === 'down') await member.restart();
      };
      await turn[0]!.shutDown();
      const rolling = again(restart, pauseMs);
      return {
        sentence: `${spoken(names)} were restarted, one after another, beginning with ${turn[0]!.name}`,
        targets: names,
        heal: healOnce(() =>
          rolling.stop().finally(async () => {
            for (const member of turn) if (member.state.state === 'down') await member.restart();
          }),
        ),
      };
    },
  };
}
