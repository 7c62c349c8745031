import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Measurement } from '../harness/measurement.ts';
import type { Measured, Spread } from '../harness/result.ts';
import type { Serialisation } from '../strategies/serialisation/serialisation.ts';
import { serialisations } from '../strategies/serialisation/serialisations.ts';

const name = 'write-serialisation';
const pieces = 100;

/** The ways to keep the writes of one instance apart, in one process: what each costs, and what is lost without one. */
export const writeSerialisation: Measurement = {
  name,
  question: 'What does each way of serialising writes in one instance cost, and what is lost without?',
  async measure({ signal }) {
    return tableOf(await measuredRounds({ rounds: 5, share: 1, signal }));
  },
};

interface Burst {
  readonly heading: string;
  /** How many come at once. */
  readonly pieces: number;
  readonly writes: (piece: number) => boolean;
  readonly work: () => Promise<unknown>;
  /** In one round. */
  readonly bursts: number;
}

const nothing = async () => {};
const bursts: readonly Burst[] = [
  { heading: `${pieces} writes of\nnothing, ms`, pieces, writes: () => true, work: nothing, bursts: 200 },
  { heading: `${pieces} reads of\nnothing, ms`, pieces, writes: () => false, work: nothing, bursts: 200 },
  {
    heading: '18 reads and 2 writes\nof 2 ms, ms',
    pieces: 20,
    writes: (piece) => piece % 10 === 5,
    work: () => sleep(2),
    bursts: 5,
  },
];

/** A Round is, by the name of the way, what was lost of the increments and the median of each kind of burst. */
export type Round = ReadonlyMap<string, { readonly lost: number; readonly burstMs: readonly number[] }>;

/**
 * Each way in turn in every round, and each round begins with another: what the machine does meanwhile is the same for
 * all. `share` of the bursts are made. Rejects when it is aborted, after the kind of burst that it was in.
 */
export async function measuredRounds({
  rounds,
  share,
  signal,
}: {
  readonly rounds: number;
  readonly share: number;
  readonly signal: AbortSignal;
}): Promise<readonly Round[]> {
  const measured: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    const first = i % serialisations.length;
    const kinds = [...serialisations.slice(first), ...serialisations.slice(0, first)];
    const lost = new Map<string, number>();
    for (const kind of kinds) lost.set(kind.name, await lostIncrements(kind.create()));
    const burstMs = new Map<string, number[]>(kinds.map((kind) => [kind.name, []]));
    for (const burst of bursts) {
      signal.throwIfAborted();
      const iterations = Math.max(2, Math.round(burst.bursts * share));
      const bench = new Bench({ time: 0, iterations, warmupTime: 0, warmupIterations: 2, throws: true });
      for (const kind of kinds) {
        const serialisation = kind.create();
        bench.add(kind.name, () => carryOut(burst, serialisation));
      }
      await bench.run();
      for (const { name, result } of bench.tasks) {
        if (!('latency' in result)) throw new Error(`${name}, ${burst.heading}: it ended as ${result.state}`);
        burstMs.get(name)!.push(result.latency.p50);
      }
    }
    measured.push(
      new Map(
        serialisations.map(({ name }) => [name, { lost: lost.get(name)!, burstMs: burstMs.get(name)! }]),
      ),
    );
  }
  return measured;
}

async function carryOut({ pieces, writes, work }: Burst, serialisation: Serialisation): Promise<void> {
  const ends: Promise<unknown>[] = [];
  for (let i = 0; i < pieces; i++) {
    ends.push(writes(i) ? serialisation.write(work) : serialisation.read(work));
  }
  await Promise.all(ends);
}

/** The race: each reads a shared counter, awaits, and writes one more than it read. */
async function lostIncrements(serialisation: Serialisation): Promise<number> {
  let counter = 0;
  const add = async () => {
    const read = counter;
    await turn();
    counter = read + 1;
  };
  await Promise.all(Array.from({ length: pieces }, () => serialisation.write(add)));
  return pieces - counter;
}

/** The table, whether the race is removed by all that should, and what the figures show. Rounds: one at least. */
export function tableOf(rounds: readonly Round[]): Measured {
  const names = [...rounds[0]!.keys()];
  const lostOf = (way: string) => rounds.reduce((sum, round) => sum + round.get(way)!.lost, 0);
  const ways = names.filter((way) => way !== 'noop');
  const leaking = ways.filter((way) => lostOf(way) > 0);
  const increments = pieces * rounds.length;
  return {
    scenario: name,
    note: `Medians of ${rounds.length} rounds of the p50 of bursts that come at once; noop keeps nothing apart.`,
    headings: [`lost of ${increments}\nincrements`, ...bursts.map(({ heading }) => heading)],
    rows: names.map((way) => ({
      name: way,
      figures: [
        lostOf(way),
        ...bursts.map((_, i) => spread(rounds.map((round) => round.get(way)!.burstMs[i]!))),
      ],
    })),
    ...judged(leaking, lostOf('noop')),
    conclusions: [
      `Of ${increments} increments of a shared counter that await between their read and their write, ${lostOf('noop')} are lost with nothing between them; ${ways.map((way) => `${way} loses ${lostOf(way)}`).join(', ')}.`,
      ...bursts.map(({ heading }, i) =>
        quickest(heading.replace('\n', ' ').replace(', ms', ''), i, ways, rounds),
      ),
    ],
  };
}

function judged(leaking: readonly string[], lostWithout: number): Pick<Measured, 'state' | 'reason'> {
  if (leaking.length > 0) return { state: 'broken', reason: `increments were lost by ${leaking.join(', ')}` };
  if (lostWithout > 0) return { state: 'kept' };
  return { state: 'unknown', reason: 'nothing was lost without serialising either: the race was not shown' };
}

/** One is the quickest only if it is so in every round. */
function quickest(what: string, i: number, ways: readonly string[], rounds: readonly Round[]): string {
  const of = (round: Round, way: string) => round.get(way)!.burstMs[i]!;
  const medians = ways
    .map((way) => `${way} ${spread(rounds.map((round) => of(round, way))).median.toPrecision(2)} ms`)
    .join(', ');
  const best = ways.find((way) =>
    rounds.every((round) => ways.every((other) => other === way || of(round, way) < of(round, other))),
  );
  return best === undefined
    ? `Which is the quickest for ${what} cannot be told: none is in each of ${rounds.length} rounds; ${medians}.`
    : `${best} is the quickest for ${what} in each of ${rounds.length} rounds: ${medians}.`;
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return { median: middle, min: sorted[0]!, max: sorted.at(-1)! };
}
