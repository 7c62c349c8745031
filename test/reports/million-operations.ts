import type { FaultWindow, Operation } from '../../harness/history/operation.ts';
import { measure } from '../../harness/measure/summary.ts';
import { seeded } from '../../harness/random.ts';
import type { Cell } from '../../harness/result.ts';

const operations = 1_000_000;
const loadNs = 100e9;
export const millionFault: FaultWindow = {
  nemesis: 'isolate-leader',
  sentence: 'the leader m1 was cut off from m2 and m3',
  targets: ['m1'],
  fromNs: 40e9,
  toNs: 60e9,
};

/**
 * What a load of 10,000 operations a second leaves: latencies with a long tail, a fault in which a third fails or stays
 * open, one cache miss in ten. One after the other, so that it is measured as a history is read, and never held whole.
 */
function* loadOfAMillion(seed: number): Generator<Operation> {
  const random = seeded(seed);
  for (let i = 0; i < operations; i++) {
    const dueNs = Math.floor((i / operations) * loadNs);
    const during = dueNs >= millionFault.fromNs && dueNs < millionFault.toNs;
    const luck = random.number();
    const outcome = during && luck < 0.3 ? 'fail' : during && luck < 0.34 ? 'info' : 'ok';
    // Exponential, and one in a hundred ten times as long.
    const tookMs =
      -Math.log(1 - random.number()) * (during ? 40 : 2) * (random.number() < 0.01 ? 10 : 1) + 0.2;
    const isRead = random.number() < 0.8;
    const returnNs = dueNs + tookMs * 1e6;
    yield {
      process: i % 64,
      f: isRead ? 'read' : 'write',
      ...(isRead && {
        grade: 'session' as const,
        cache: random.number() < 0.1 ? ('miss' as const) : ('hit' as const),
      }),
      key: `k${i % 1_000}`,
      value: i,
      outcome,
      dueNs,
      invokeNs: dueNs + 100_000,
      returnNs: outcome === 'info' ? Number.POSITIVE_INFINITY : returnNs,
      endedNs: returnNs,
    };
  }
}

/** The cell with the figures of that load in place of its own. */
export function withAMillionOperations(cell: Cell, seed: number): Cell {
  const figures = measure({
    operations: loadOfAMillion(seed),
    faults: [millionFault],
    loadFromNs: 0,
    loadToNs: loadNs,
  });
  const { nemesis, sentence, targets, fromNs, toNs } = millionFault;
  const faults = [{ nemesis, sentence, targets, fromMs: fromNs / 1e6, toMs: toNs / 1e6 }];
  return { ...cell, ...figures, faults };
}
