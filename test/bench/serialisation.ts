import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Bench as TinyBench } from 'tinybench';
import type { Serialisation } from '../../strategies/serialisation/serialisation.ts';
import { serialisations } from '../../strategies/serialisation/serialisations.ts';
import type { Bench, BenchRow } from './bench.ts';

/**
 * The ways to serialise side by side: what each costs where the work is nothing, how long a burst of slow work takes
 * through each, and how many increments of a shared counter each loses.
 */
export const bench: Bench = { name: 'serialisation', run };

const pieces = 100;

interface Burst {
  readonly what: string;
  /** How many come at once. */
  readonly pieces: number;
  readonly writes: (piece: number) => boolean;
  readonly work: () => Promise<unknown>;
  readonly rounds: number;
}

const nothing = async () => {};
const bursts: readonly Burst[] = [
  { what: '100 writes of nothing', pieces, writes: () => true, work: nothing, rounds: 200 },
  { what: '100 reads of nothing', pieces, writes: () => false, work: nothing, rounds: 200 },
  {
    what: '18 reads and 2 writes of 2 ms',
    pieces: 20,
    writes: (piece) => piece % 10 === 5,
    work: () => sleep(2),
    rounds: 15,
  },
];

async function run(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const burst of bursts) {
    const bench = new TinyBench({ time: 0, iterations: burst.rounds, warmupTime: 0, warmupIterations: 3 });
    for (const kind of serialisations) {
      const serialisation = kind.create();
      bench.add(kind.name, () => carryOut(burst, serialisation));
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state === 'errored') throw result.error;
      if (!('latency' in result)) throw new Error(`${name}, ${burst.what}: it ended as ${result.state}`);
      rows.push({ what: `${name}: ${burst.what}`, value: result.latency.p50, unit: 'ms (p50)' });
    }
  }
  for (const kind of serialisations) rows.push(await lost(kind.create()));
  return rows;
}

async function carryOut({ pieces, writes, work }: Burst, serialisation: Serialisation): Promise<void> {
  const ends: Promise<unknown>[] = [];
  for (let i = 0; i < pieces; i++) {
    ends.push(writes(i) ? serialisation.write(work) : serialisation.read(work));
  }
  await Promise.all(ends);
}

async function lost(serialisation: Serialisation): Promise<BenchRow> {
  let counter = 0;
  const add = async () => {
    const read = counter;
    await turn();
    counter = read + 1;
  };
  await Promise.all(Array.from({ length: pieces }, () => serialisation.write(add)));
  const value = pieces - counter;
  const row = { what: `${serialisation.name}: lost of ${pieces} increments`, value, unit: 'increments' };
  return serialisation.name === 'noop' ? row : { ...row, target: '0', met: value === 0 };
}
