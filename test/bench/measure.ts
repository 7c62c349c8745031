import type { Operation } from '../../harness/history/operation.ts';
import { measure } from '../../harness/measure/summary.ts';
import { seeded } from '../../harness/random.ts';
import type { Bench } from './bench.ts';

const count = 1_000_000;

/** A nightly cell's history turned into figures. */
export const bench: Bench = {
  name: 'measure',
  async run() {
    const random = seeded(42);
    const spacingNs = 300_000;
    const operations = Array.from({ length: count }, (_, i): Operation => {
      const dueNs = i * spacingNs;
      const invokeNs = dueNs + 100_000;
      const returnNs = invokeNs + random.integer(1_000_000, 20_000_000);
      const common = { process: i % 50, key: `k${i % 1_000}`, value: i, dueNs, invokeNs, returnNs };
      return i % 5 === 0
        ? { ...common, f: 'write', outcome: i % 101 === 0 ? 'info' : 'ok' }
        : { ...common, f: 'read', grade: 'session', outcome: 'ok', cache: i % 2 === 0 ? 'hit' : 'miss' };
    });
    const loadToNs = count * spacingNs;
    const faults = [
      { nemesis: 'partition', sentence: '', targets: [], fromNs: loadToNs / 3, toNs: loadToNs / 2 },
    ];
    const fromMs = performance.now();
    measure({ operations, faults, loadFromNs: 0, loadToNs });
    const seconds = (performance.now() - fromMs) / 1_000;
    return [
      {
        what: 'figures of a million operations',
        value: seconds,
        unit: 's',
        target: 'below 3 s',
        met: seconds < 3,
      },
    ];
  },
};
