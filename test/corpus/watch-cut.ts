import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { judgeWatches } from '../../harness/checker/watch/watch.ts';
import type { WatchTold } from '../../harness/history/watch.ts';
import { builtProgram } from '../../harness/project.ts';
import { prepareGround } from '../strategies/ground.ts';
import { testLink } from '../strategies/link.ts';
import type { Bug, Hunt } from './bug.ts';
import { type Mutant, watchMutants } from './mutants.ts';
import { eventsIn, WatchedStore } from './watched-store.ts';

const prefix = 'followed/';
const rounds = 4;
const writesEach = 10;

/** The mutants of the careful watch: what they tell of a key that is written while they are cut off, held against the log. */
export const watchMutantBugs: readonly Bug[] = watchMutants.map((mutant) => ({
  name: mutant.name,
  kind: 'mutant',
  scenario: `${mutant.scenario}, ${mutant.strategy}`,
  violation: mutant.violation,
  hunt: () => hunt(mutant),
  control: { name: `${mutant.scenario}, ${mutant.strategy}`, hunt: () => hunt() },
}));

/**
 * The same key always, so that what was lost of it cannot be had from a list of what is there now.
 *
 *   follower --> link (refused, then open again) --> etcd <-- writer
 */
async function hunt(mutant?: Mutant): Promise<Hunt> {
  await using ground = await prepareGround({ database: false });
  await using link = await testLink(ground.etcd);
  const store = new WatchedStore(ground.etcd);
  const told: WatchTold[] = [];
  try {
    const follower = await ground.supervisor.spawn({
      name: 'follower',
      command: process.execPath,
      args: [
        ...(mutant ? ['--import', pathToFileURL(builtProgram('test/corpus/plant.ts')).href] : []),
        builtProgram('test/corpus/watch-follower-main.ts'),
        link.address,
        prefix,
      ],
      env: { FAULTLINE_MUTANT: mutant?.name },
      logPath: join(ground.folder, 'follower.log'),
      ipc: true,
    });
    follower.onMessage((message) => told.push(message as WatchTold));
    const isTold = (revision: number) => eventsIn(told).some((event) => event.revision === revision);
    if (!(await within(10_000, () => told.length > 0))) {
      return { state: 'failed', reason: `the follower told nothing: ${await follower.lastOutput()}` };
    }
    let last = await store.put(`${prefix}k`, 'before');
    await within(5_000, () => isTold(last));
    for (let round = 0; round < rounds; round++) {
      link.refuse(true);
      for (let i = 0; i < writesEach; i++) last = await store.put(`${prefix}k`, `${round}-${i}`);
      link.refuse(false);
      // One that does not come back has had its time.
      if (!(await within(8_000, () => isTold(last)))) break;
    }
    const [created] = told;
    const verdicts = judgeWatches({
      log: store.log(),
      watchers: [
        {
          name: 'follower',
          asked: { key: prefix, prefix: true, startRevision: created!.revision + 1 },
          told,
          settledTo: last,
        },
      ],
    });
    const sightings = verdicts.flatMap((verdict) =>
      verdict.state !== 'broken'
        ? []
        : verdict.violations.map(({ summary, atNs }) => ({
            violation: verdict.guarantee,
            summary,
            afterMs: Math.max(0, atNs - created!.atNs) / 1e6,
          })),
    );
    return sightings.length > 0 ? { state: 'found', sightings } : { state: 'silent' };
  } finally {
    store.close();
  }
}

async function within(ms: number, holds: () => boolean): Promise<boolean> {
  const endMs = performance.now() + ms;
  while (!holds() && performance.now() < endMs) await sleep(20);
  return holds();
}
