import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, ownerOf } from '../../process/owner.ts';
import type { Engine } from './engine.ts';

/** Everything that a run makes on an engine carries these labels: which run it is of, and which process owns it. */
const runLabel = 'faultline.run';
const ownerLabel = 'faultline.owner';

export async function labelsOf(run: string): Promise<Record<string, string>> {
  return { [runLabel]: run, [ownerLabel]: await ownerOf(process.pid) };
}

/** What a sweep did, by the names of containers and networks. */
export interface Swept {
  readonly removed: readonly string[];
  /** Of commands that still run, of another machine, or of this one before it was booted. */
  readonly left: readonly string[];
}

/** Removes what a run made, and nothing else. Containers first: a network in use cannot be removed. */
export async function removeRun(engine: Engine, run: string): Promise<void> {
  await removeAll(() => labelled(engine, `${runLabel}=${run}`));
}

/** The names of what a run has on an engine: containers, then networks. */
export async function namesOf(engine: Engine, run: string): Promise<readonly string[]> {
  return (await labelled(engine, `${runLabel}=${run}`)).map(({ name }) => name);
}

/** Removes what commands left that are gone (kill -9, a power cut of the terminal), and nothing else. */
export async function sweepAbandoned(engine: Engine): Promise<Swept> {
  const left = new Set<string>();
  const removed = await removeAll(async () => {
    const things = await labelled(engine, ownerLabel);
    const abandoned = await Promise.all(things.map(({ owner }) => isGone(owner)));
    for (const [i, { name }] of things.entries()) if (!abandoned[i]) left.add(name);
    return things.filter((_, i) => abandoned[i]);
  });
  return { removed, left: [...left] };
}

interface Thing {
  readonly kind: 'container' | 'network';
  readonly name: string;
  readonly owner: string;
  remove(): Promise<unknown>;
}

async function labelled({ client }: Engine, label: string): Promise<Thing[]> {
  const { dockerode } = client.container;
  const filters = { label: [label] };
  const [containers, networks] = await Promise.all([
    dockerode.listContainers({ all: true, filters }),
    dockerode.listNetworks({ filters }),
  ]);
  return [
    ...containers.map((found) => ({
      kind: 'container' as const,
      name: (found.Names[0] ?? found.Id).replace(/^\//, ''),
      owner: found.Labels[ownerLabel] ?? '',
      remove: () => dockerode.getContainer(found.Id).remove({ force: true, v: true }),
    })),
    ...networks.map((found) => ({
      kind: 'network' as const,
      name: found.Name,
      owner: found.Labels?.[ownerLabel] ?? '',
      remove: () => dockerode.getNetwork(found.Id).remove(),
    })),
  ];
}

/**
 * Looks again until nothing is found, 10 s at most, and answers the names of what it found: an engine goes on for a while
 * with what a command asked for that was killed, and a network cannot be removed before the last container in it.
 */
async function removeAll(find: () => Promise<readonly Thing[]>): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const deadline = performance.now() + 10_000; ; await sleep(50)) {
    const things = await find();
    if (things.length === 0) return [...found];
    for (const { name } of things) found.add(name);
    const outcomes: PromiseSettledResult<unknown>[] = [];
    for (const kind of ['container', 'network'] as const)
      outcomes.push(
        ...(await Promise.allSettled(
          things.filter((thing) => thing.kind === kind).map((thing) => thing.remove()),
        )),
      );
    const late = performance.now() >= deadline;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const { statusCode } = outcome.reason;
      // Another sweep, or the reaper, was quicker: gone (404), or going (409). Or it is in use (403), by what came since.
      if (statusCode === 404 || statusCode === 409 || (statusCode === 403 && !late)) continue;
      throw outcome.reason;
    }
    if (late) return [...found];
  }
}
