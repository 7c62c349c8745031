import { fencing } from '../../harness/checker/fencing.ts';
import type { StrategyDescription } from '../../harness/service/strategy.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { type Answer, ask, eventually, prepareGround } from '../strategies/ground.ts';
import type { Bug, Hunt } from './bug.ts';
import { fenceMutants } from './mutants.ts';
import { correct, mutated } from './mutated.ts';
import { TrapLog } from './trap.ts';

/** The mutants of the fence: a client goes on under the token of a lease that has ended, after others wrote under a newer one. */
export const fenceMutantBugs: readonly Bug[] = fenceMutants.map((mutant) => ({
  name: mutant.name,
  kind: 'mutant',
  scenario: `${mutant.scenario}, ${mutant.strategy}`,
  violation: mutant.violation,
  hunt: () => hunt(mutated(mutant)),
  control: { name: `${mutant.scenario}, ${mutant.strategy}`, hunt: () => hunt(correct(mutant)) },
}));

async function hunt(strategy: StrategyDescription): Promise<Hunt> {
  await using ground = await prepareGround({ database: false });
  const etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
  const log = new TrapLog();
  try {
    const instance = await ground.startInstance({ name: 's1', strategy });
    /** Under the token that the client names, or the one that its answer names. */
    const write = async (process: number, value: number, token?: string): Promise<Answer> => {
      let answer: Answer | undefined;
      await log.record({ process, f: 'write', key: 'k', value, instance: 's1' }, async () => {
        answer = await ask(instance, 'PUT', '/kv/k', {
          body: { value },
          headers: token === undefined ? {} : { 'Fencing-Token': token },
        });
        if (answer.status !== 200) return { outcome: 'fail', error: String(answer.status) };
        const fence = Number((token ?? answer.headers['fencing-token'])!.split(':')[1]);
        return { fence, revision: Number(answer.body.revision) };
      });
      return answer!;
    };
    const token = (await write(0, 1)).headers['fencing-token']!;
    await etcd.revokeLease(token.split(':')[0]!);
    let value = 1;
    await eventually(
      () => write(1, ++value),
      ({ status, headers }) => status === 200 && headers['fencing-token'] !== token,
      15_000,
    );
    await write(0, ++value, token);
    await instance.stop();
    return log.judge(fencing('key'));
  } finally {
    etcd.close();
  }
}
