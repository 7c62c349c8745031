import { askMember } from '../cluster/gateway.ts';
import { again } from './again.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, spoken } from './peers.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Has the members defragment their stores, one after another, again and again: each answers nobody meanwhile. */
export function defragment({ everyMs = 100 }: { everyMs?: number } = {}): Nemesis {
  wholeNumbers({ everyMs }, 1);
  return {
    name: 'defragment',
    summary: 'has the members defragment their stores, one after another',
    strikes: 'store',
    options: { everyMs },
    async inject({ cluster, random, signal }) {
      const turn = random.shuffle(cluster.members);
      const defragmentOne = (at: number) =>
        askMember(turn[at % turn.length]!, '/v3/maintenance/defragment', {}, { timeoutMs: 10_000, signal });
      await defragmentOne(0);
      // A member that another fault has stopped is passed over.
      const rounds = again(async (round) => void (await defragmentOne(round + 1).catch(() => {})), everyMs);
      return {
        sentence: `${spoken(memberNames({ cluster }))} defragmented their stores in turn`,
        targets: memberNames({ cluster }),
        heal: healOnce(() => rounds.stop()),
      };
    },
  };
}
