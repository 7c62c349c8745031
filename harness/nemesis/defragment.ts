import type { Member } from '../cluster/cluster.ts';
import { askMember } from '../cluster/gateway.ts';
import { again } from './again.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, spoken } from './peers.ts';
import { throughAny } from './through-any.ts';
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
      const defragmented = (member: Member) =>
        askMember(member, '/v3/maintenance/defragment', {}, { timeoutMs: 10_000, signal });
      const turn = random.shuffle(cluster.members);
      await throughAny({ cluster, random, signal }, defragmented);
      // A member that another fault has stopped is passed over.
      const rounds = again(
        async (round) => void (await defragmented(turn[round % turn.length]!).catch(() => {})),
        everyMs,
      );
      return {
        sentence: `${spoken(memberNames({ cluster }))} defragmented their stores in turn`,
        targets: memberNames({ cluster }),
        heal: healOnce(() => rounds.stop()),
      };
    },
  };
}
